import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ConsumedEvent } from "./consumed-event.ts";
import { inOrder } from "./in-order.ts";
import { positionKey, type Gap } from "./positions.ts";

const event = (aggregateId: string, sequence: number): ConsumedEvent => ({
  id: `${aggregateId}-${sequence}`,
  type: "waybill.order.created.v1",
  tenantId: "t1",
  aggregateId,
  sequence,
  time: "2026-01-01T00:00:00.000Z",
  messageType: null,
  traceparent: "",
  data: "{}",
});

/** A store in memory that fails as often as it is told to, before anything is stored. */
function memory(failures = 0) {
  const positions = new Map<string, number>();
  const applied: string[] = [];
  return {
    applied,
    load: async (keys: readonly string[]) => new Map([...positions].filter(([key]) => keys.includes(key))),
    apply: async (events: { id: string }[], moved: ReadonlyMap<string, number>) => {
      if (failures > 0) throw new Error(`${failures--} to come`);
      applied.push(...events.map(({ id }) => id));
      for (const [key, sequence] of moved) positions.set(key, sequence);
    },
  };
}

const all = ["a", "b", "c"].flatMap((key) => [1, 2, 3, 4, 5].map((sequence) => event(key, sequence)));
const inSequence = (ids: readonly string[], key: string) => ids.filter((id) => id.startsWith(key));

describe("events of an aggregate", () => {
  it("are applied once and in order, whatever comes again, is missing or fails on the way", async () => {
    const delivered = fc.array(fc.array(fc.constantFrom(...all), { maxLength: 8 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(delivered, fc.nat(3), async (batches, failures) => {
        const store = memory(failures);
        const heal = async ({ aggregateId }: Gap) => all.filter((one) => one.aggregateId === aggregateId);
        const handle = inOrder({ ...store, heal });
        for (const batch of batches) {
          let done = false;
          while (!done)
            done = await handle(batch).then(
              () => true,
              () => false,
            );
        }
        for (const key of ["a", "b", "c"]) {
          const highest = Math.max(
            0,
            ...batches
              .flat()
              .filter((one) => one.aggregateId === key)
              .map((one) => one.sequence),
          );
          const expected = Array.from({ length: highest }, (_, index) => `${key}-${index + 1}`);
          expect(inSequence(store.applied, key)).toEqual(expected);
        }
      }),
    );
  });

  it("that are gone leave a gap, which is told once with its bounds, and the rest goes on", async () => {
    const gaps: Gap[] = [];
    const store = memory();
    const handle = inOrder({
      ...store,
      heal: async () => [event("a", 3), event("b", 2), event("a", 9)],
      onGap: (gap) => gaps.push(gap),
    });
    await handle([event("a", 1), event("a", 4)]);
    await handle([event("a", 4), event("a", 5)]);
    expect(store.applied).toEqual(["a-1", "a-3", "a-4", "a-5"]);
    expect(gaps).toEqual([{ tenantId: "t1", aggregateId: "a", applied: 1, sequence: 3 }]);
  });

  it("of two tenants are apart, though their ids are the same", async () => {
    const store = memory();
    const handle = inOrder(store);
    await handle([event("a", 1), { ...event("a", 1), tenantId: "t2" }]);
    expect(store.applied).toHaveLength(2);
    expect(positionKey({ tenantId: "t2", aggregateId: "a" })).toBe("t2/a");
  });

  it("are not applied if a gap cannot be healed now: the batch fails, and comes again", async () => {
    const store = memory();
    const handle = inOrder({ ...store, heal: () => Promise.reject(new Error("REST is down")) });
    await expect(handle([event("a", 2)])).rejects.toThrow("REST is down");
    expect(store.applied).toEqual([]);
  });
});
