import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import type { RequestKind } from "../src/request.ts";
import type { Status } from "../src/legality.ts";
import {
  expectReallocated,
  expectResolved,
  killed,
  lineItemsEnv,
  openCase,
  openKillNetwork,
  ordersEnv,
  startProcess,
  stop,
  untilResolved,
} from "./kills.ts";

let network: TestNetwork;
beforeAll(async () => {
  network = await openKillNetwork();
});
afterAll(async () => {
  await network[Symbol.asyncDispose]();
});

const cases: [when: "before" | "after", kind: RequestKind, status: Status][] = [
  ["before", "update", "open"],
  ["after", "update", "open"],
  ["before", "update", "atWarehouse"],
  ["after", "update", "atWarehouse"],
  ["before", "cancel", "open"],
  ["after", "cancel", "open"],
];

describe("kill -9 of line-items", { timeout: 240_000 }, () => {
  it.concurrent.each(cases)(
    "%s its commit only delays an %s of an order %s: it is resolved once, and the stock follows",
    async (when, kind, status) => {
      const one = await openCase(network, kind, status);
      const [id] = await one.on.ask(kind, one.order, [one.record]);
      const port = await freePort();
      // Follows no topic that anything happens on, so that its first commit is what it is asked for.
      const idle = lineItemsEnv(network, `idle-${one.database}`);
      const doomed = await startProcess("line-items", idle, [when, 1], port);
      const orders = await startProcess("orders", ordersEnv(one.database, port));
      await killed(doomed);
      expect(await one.on.request(id!)).toMatchObject({ status: "pending" });
      const replaced = (await one.on.lines(one.order._id))[0]!.sku_customer_id === one.skus.after;
      expect(replaced).toBe(kind === "update" && when === "after");

      const next = await startProcess("line-items", lineItemsEnv(network, one.database), null, port);
      await untilResolved(one);
      await expectResolved(one);
      await expectReallocated(network, one, kind === "update" ? 3 : 0);
      await Promise.all([stop(orders), stop(next)]);
    },
  );
});
