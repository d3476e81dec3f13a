import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConsumedEvent } from "./consumed-event.ts";
import { eachKey } from "./keys.ts";

const event = (aggregateId: string, sequence: number): ConsumedEvent => ({
  id: `${aggregateId}-${sequence}`,
  type: "waybill.thing.changed.v1",
  tenantId: "t1",
  aggregateId,
  sequence,
  time: "2024-05-01T00:00:00.000Z",
  messageType: null,
  traceparent: "",
  data: "{}",
});
const batches = fc
  .array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 30 })
  .map((keys) => keys.map((key, index) => event(key, index)));

test("each key's events are worked on one after the other and in order, at most `limit` keys at once", async () => {
  await fc.assert(
    fc.asyncProperty(batches, fc.integer({ min: 1, max: 6 }), fc.scheduler(), async (events, limit, s) => {
      const running: ConsumedEvent[] = [];
      const done: ConsumedEvent[] = [];
      const working = eachKey(events, limit, async (one) => {
        expect(running.map(({ aggregateId }) => aggregateId)).not.toContain(one.aggregateId);
        running.push(one);
        expect(running.length).toBeLessThanOrEqual(limit);
        await s.schedule(Promise.resolve());
        running.splice(running.indexOf(one), 1);
        done.push(one);
      });
      await s.waitFor(working);
      for (const members of Map.groupBy(events, ({ aggregateId }) => aggregateId).values()) {
        expect(done.filter(({ aggregateId }) => aggregateId === members[0]!.aggregateId)).toEqual(members);
      }
    }),
  );
});

test("when an event fails, the rest of its key is left out, the others are done, and the error is told", async () => {
  const done: string[] = [];
  const events = [event("a", 1), event("b", 1), event("a", 2), event("b", 2), event("c", 1)];
  const working = eachKey(events, 2, async ({ id }) => {
    await turn();
    if (id === "a-1") throw new Error("no");
    done.push(id);
  });
  await expect(working).rejects.toThrow("no");
  expect(done.toSorted()).toEqual(["b-1", "b-2", "c-1"]);
});
