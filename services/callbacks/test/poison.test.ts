import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { newTenant, until, type TestCallbacks } from "./harness.ts";
import { networkWithReceiver } from "./network-with-receiver.ts";
import type { Receiver } from "./receiver.ts";

let network: TestCallbacks;
let receiver: Receiver;
networkWithReceiver((started) => ({ network, receiver } = started));

it("an event of an unknown version, or that is no JSON, is a dead letter with its reason; what follows is sent", async () => {
  const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
  await network.register(tenant, receiver.url(path));
  const event = { tenant, order };
  await network.tell(
    { ...event, sequence: 1, type: "waybill.order.packed.v1" },
    { ...event, sequence: 2, type: "waybill.order.shipped.v2" },
    { ...event, sequence: 3, type: "waybill.order.shipped.v1", data: '{"status":' },
    { ...event, sequence: 4, type: "waybill.order.delivered.v1" },
    // What a newer release has added is not known to be wrong.
    { ...event, sequence: 5, type: "waybill.order.teleported.v1" },
  );
  await until(() => receiver.at(path).length === 3);
  const places = receiver.at(path).map(({ headers }) => headers["waybill-sequence"]);
  expect(places).toEqual(["1", "4", "5"]);
  await using letters = await network.deadLetters();
  await until(() => letters.found.length === 2);
  const shipped = JSON.stringify({ order_id: order, sequence: 2 });
  expect(letters.found).toEqual([
    { order, sequence: 2, reason: "the version of waybill.order.shipped.v2 is unknown", value: shipped },
    { order, sequence: 3, reason: "the value is not JSON", value: '{"status":' },
  ]);
});
