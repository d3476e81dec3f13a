import { Waybill } from "@waybill/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startReceiver, type Receiver } from "../../services/callbacks/test/receiver.ts";
import { expectEvents, expectOrders, expectWebhooks, prepareJourneys, sendJourneys } from "./journeys.ts";
import { startPairs, type Instance, type Pairs } from "./pairs.ts";

const RESTARTED_WITHIN_MS = 30_000;
const paths = ["/first", "/second"];

let pairs: Pairs;
let receiver: Receiver;
let client: Waybill;
let repeats = 0;
beforeAll(async () => {
  pairs = await startPairs();
  receiver = await startReceiver();
  // With the retries of its documentation, which are its default.
  client = new Waybill({
    url: pairs.url,
    key: pairs.key,
    onAttempt: ({ number }) => void (repeats += number > 1 ? 1 : 0),
  });
  await prepareJourneys(client, receiver, paths);
});
afterAll(async () => {
  await pairs[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

it("every instance of every service is restarted under load: no call fails, nothing is lost", async () => {
  const restarted = new AbortController();
  const sending = sendJourneys(client, "rolling", restarted.signal);
  // A call that fails is noticed at once.
  await Promise.race([restartAll(), sending]);
  restarted.abort();
  const journeys = await sending;
  process.stdout.write(
    `${journeys.length} orders under ${pairs.ends.length} restarts, ${repeats} calls sent again\n`,
  );
  expect(journeys.length).toBeGreaterThan(pairs.instances.length);
  await expectOrders(client, journeys);
  await expectEvents(pairs, journeys);
  await expectWebhooks(receiver, paths, journeys);
  // Each by itself, in time.
  expect(pairs.ends.filter((end) => !end.includes("(exit code 0)"))).toEqual([]);
  expect(pairs.ends).toHaveLength(pairs.instances.length);
});

/** All services at once, as an upgrade does; of each service one instance after the other. */
async function restartAll(): Promise<void> {
  const services = Object.values(Object.groupBy(pairs.instances, ({ service }) => service));
  await Promise.all(
    services.map(async (instances) => {
      for (const instance of instances!) await restart(instance);
    }),
  );
}

/** Asks it to end, whereupon it is started again. The other one has its turn when callers have found this one. */
async function restart({ service, process: { pid, starts, ready }, said }: Instance): Promise<void> {
  const until = { timeout: RESTARTED_WITHIN_MS };
  process.kill(pid()!, "SIGTERM");
  await expect.poll(starts, until).toBe(2);
  await ready();
  // The connections to a gateway are its callers', who keep those that they have.
  if (service === "gateway") return;
  const before = said().length;
  const isCalled = () =>
    said()
      .slice(before)
      .some(({ msg }) => msg === "rpc.call");
  await expect.poll(isCalled, { ...until, message: `${service} is called again` }).toBe(true);
}
