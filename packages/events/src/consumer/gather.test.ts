import { expect, test } from "vitest";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { gathered } from "./gather.ts";

const event = (id: string, data = "{}") => ({ id, data }) as ConsumedEvent;
const limits = { events: 3, characters: 100 };

/** Notes the ids of each call; rejects calls that hold a bad one, and waits for the gate. */
function watched(gate: Promise<void> = Promise.resolve()) {
  const calls: string[] = [];
  const handle = async (events: ConsumedEvent[]) => {
    calls.push(events.map(({ id }) => id).join(" "));
    await gate;
    if (events.some(({ id }) => id.startsWith("bad"))) throw new Error("bad");
  };
  return { calls, handle: gathered(handle, limits) };
}

test("batches of one moment are handled together, as far as the limits", async () => {
  const { calls, handle } = watched();
  await Promise.all([handle([event("a"), event("b")]), handle([event("c")]), handle([event("d")])]);
  expect(calls).toEqual(["a b c", "d"]);
});

test("what comes while a call is in flight goes together after it", async () => {
  const gate = Promise.withResolvers<void>();
  const { calls, handle } = watched(gate.promise);
  const first = handle([event("a")]);
  await new Promise((resolve) => setImmediate(resolve));
  const later = [handle([event("b")]), handle([event("c")])];
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toEqual(["a"]);
  gate.resolve();
  await Promise.all([first, ...later]);
  expect(calls).toEqual(["a", "b c"]);
});

test("a batch that is too large goes alone", async () => {
  const { calls, handle } = watched();
  await Promise.all([handle([event("a")]), handle([event("large", "x".repeat(200))]), handle([event("b")])]);
  expect(calls).toEqual(["a", "large", "b"]);
});

test("a batch that fails fails alone", async () => {
  const { calls, handle } = watched();
  const [good, bad] = await Promise.allSettled([handle([event("a")]), handle([event("bad")])]);
  expect([good.status, bad.status]).toEqual(["fulfilled", "rejected"]);
  expect(calls).toEqual(["a bad", "a", "bad"]);
});
