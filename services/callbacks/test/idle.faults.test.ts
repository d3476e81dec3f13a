import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestCallbacks, until, type TestCallbacks } from "./harness.ts";

let network: TestCallbacks;
beforeAll(async () => {
  network = await startTestCallbacks();
});
afterAll(() => network[Symbol.asyncDispose]());

it("100,000 lanes of which none is due cost at most five operations of the database a second", async () => {
  const next_at = new Date(Date.now() + 3_600_000);
  const lanes = Array.from({ length: 100_000 }, (_, index) => ({
    _id: `c${index % 20}/${randomUUID()}`,
    tenant_id: "t1",
    callback_id: `c${index % 20}`,
    order_id: randomUUID(),
    queue: `c${index % 20}/late`,
    next_at,
    wakes: 1,
    lease: null,
  }));
  await network.db.collection<{ _id: string }>("lanes").insertMany(lanes);
  await network.db.command({ profile: 2 });
  const profile = network.db.collection("system.profile");
  // What the relay asks is its own matter.
  const own = {
    ns: /\.(lanes|deliveries|attempts|callbacks|tenants|holds|replays|applied|slots|members|wake_log)$/,
  };
  await until(async () => (await profile.countDocuments(own)) >= 40);
  const operations = await profile.find(own).sort({ ts: 1 }).toArray();
  await network.db.command({ profile: 0 });
  const seconds = (Number(operations.at(-1)!["ts"]) - Number(operations[0]!["ts"])) / 1_000;
  expect(operations.length / seconds).toBeLessThanOrEqual(5);
});
