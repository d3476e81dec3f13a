import { DomainError } from "@waybill/errors/domain-error.ts";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { EVENT_BYTES_MAX, SLOTS, slotOf, toOutboxRows, type EventSource, type NewEvent } from "./outbox.ts";
import { topics } from "./topics.ts";

const aggregateId = "0189d1c2-7e4b-7000-8000-000000000000";
const source: EventSource = {
  tenantId: "acme",
  aggregateId,
  lastSequence: 0,
  time: "2024-05-01T00:00:00.000Z",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
};
const created: NewEvent = {
  topic: topics.orders,
  type: "waybill.order.created.v1",
  data: { id: aggregateId },
};
const counts = fc.integer({ min: 1, max: 50 });
const timesMs = fc.integer({ min: 0, max: Date.parse("2100-01-01") });

function rowsOf(facts: Partial<EventSource>, count: number) {
  return toOutboxRows(
    { ...source, ...facts },
    Array.from({ length: count }, () => created),
  );
}

test("sequences go on from the aggregate's last one without a gap", () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), counts, (lastSequence, count) => {
      const sequences = rowsOf({ lastSequence }, count).map(({ sequence }) => sequence);
      expect(sequences).toEqual(Array.from({ length: count }, (_, index) => lastSequence + 1 + index));
    }),
  );
});

test("ids of one change sort by sequence, and before those of any later change", () => {
  fc.assert(
    fc.property(
      timesMs,
      fc.integer({ min: 1, max: 10_000 }),
      counts,
      counts,
      (atMs, laterMs, count, laterCount) => {
        const at = (ms: number) => ({ time: new Date(ms).toISOString() });
        const rows = [...rowsOf(at(atMs), count), ...rowsOf(at(atMs + laterMs), laterCount)];
        const ids = rows.map(({ _id }) => _id);
        expect(ids.toSorted()).toEqual(ids);
        expect(new Set(ids).size).toBe(count + laterCount);
      },
    ),
  );
});

test("ids of two aggregates that change in the same millisecond are different", () => {
  const ids = [...rowsOf({}, 500), ...rowsOf({ aggregateId: "another" }, 500)].map(({ _id }) => _id);
  expect(new Set(ids).size).toBe(1000);
});

test("everything about one aggregate is in one slot, which is in range", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uuid(), fc.string()), (id) => {
      expect(slotOf(id)).toBe(slotOf(id));
      expect(Number.isInteger(slotOf(id)) && slotOf(id) >= 0 && slotOf(id) < SLOTS).toBe(true);
      const slots = rowsOf({ aggregateId: id }, 2).map(({ slot }) => slot);
      expect(slots).toEqual([slotOf(id), slotOf(id)]);
    }),
  );
});

test("aggregates whose events share a key share its slot", () => {
  const keyed = { ...created, key: "order-1" };
  const slots = ["one", "two", "three"].flatMap((id) =>
    toOutboxRows({ ...source, aggregateId: id }, [keyed]).map(({ slot }) => slot),
  );
  expect(slots).toEqual(Array.from({ length: 3 }, () => slotOf("order-1")));
});

describe("a slot is that of the key's MD5, in every version: rows that wait keep their relay", () => {
  // RFC 1321, appendix A.5: the last digit of the first eight.
  it.each([
    ["", 0x9],
    ["abc", 0x8],
    ["message digest", 0xd],
  ])("%j", (id, slot) => expect(slotOf(id)).toBe(slot));
});

test("aggregates spread over all slots evenly", () => {
  const perSlot = Map.groupBy(
    Array.from({ length: 16_000 }, (_, index) => slotOf(`order-${index}`)),
    (slot) => slot,
  );
  expect(perSlot.size).toBe(SLOTS);
  for (const members of perSlot.values()) expect(Math.abs(members.length - 1000)).toBeLessThan(200);
});

test("a row tells its facts, its event as JSON, and when it ends", () => {
  const [row] = toOutboxRows(source, [{ ...created, messageType: "orderEvent" }]);
  expect(row).toMatchObject({
    tenant_id: "acme",
    aggregate_id: aggregateId,
    topic: "waybill.orders.v1",
    type: "waybill.order.created.v1",
    message_type: "orderEvent",
    time: source.time,
    data: `{"id":"${aggregateId}"}`,
    traceparent: source.traceparent,
    expires_at: new Date("2024-07-30T00:00:00.000Z"),
  });
});

test("an event that causes no webhook says so", () => {
  expect(toOutboxRows(source, [created])[0]!.message_type).toBeNull();
});

test("a change without events has no rows", () => {
  expect(toOutboxRows(source, [])).toEqual([]);
});

describe("an event that Kafka would not take is RECORD_TOO_LARGE, counted in bytes of JSON", () => {
  const overhead = '{"text":""}'.length;
  const event = (text: string): NewEvent => ({ ...created, data: { text } });

  it("the largest one passes", () => {
    const [row] = toOutboxRows(source, [event("x".repeat(EVENT_BYTES_MAX - overhead))]);
    expect(Buffer.byteLength(row!.data)).toBe(EVENT_BYTES_MAX);
  });

  it.each([
    ["one byte more", "x".repeat(EVENT_BYTES_MAX - overhead + 1)],
    ["fewer characters, but more bytes", "€".repeat(EVENT_BYTES_MAX / 2)],
    ["what JSON escapes", "\n".repeat(EVENT_BYTES_MAX / 2)],
  ])("%s", (_, text) => {
    const refused = () => toOutboxRows(source, [created, event(text)]);
    expect(refused).toThrow(DomainError);
    expect(refused).toThrow(expect.objectContaining({ code: "RECORD_TOO_LARGE" }));
  });
});
