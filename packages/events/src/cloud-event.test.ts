import fc from "fast-check";
import { expect, test } from "vitest";
import { toMessage } from "./cloud-event.ts";
import { toOutboxRows, type OutboxRow } from "./outbox.ts";
import { topics } from "./topics.ts";

const row: OutboxRow = toOutboxRows(
  {
    tenantId: "acme",
    aggregateId: "0189d1c2-7e4b-7000-8000-000000000000",
    lastSequence: 41,
    time: "2024-05-01T00:00:00.000Z",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  },
  [{ topic: topics.orders, type: "waybill.order.created.v1", data: { city: "Zürich" } }],
)[0]!;
const sequenceOf = (sequence: number) =>
  toMessage({ ...row, sequence }, "/waybill/orders").headers!["ce_sequence"];

test("the headers are those of CloudEvents 1.0 in binary mode, and no others", () => {
  expect(toMessage(row, "/waybill/orders").headers).toEqual({
    ce_specversion: "1.0",
    ce_id: row._id,
    ce_source: "/waybill/orders",
    ce_type: "waybill.order.created.v1",
    ce_subject: "0189d1c2-7e4b-7000-8000-000000000000",
    ce_time: "2024-05-01T00:00:00.000Z",
    ce_sequence: "000000000042",
    ce_tenantid: "acme",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "content-type": "application/json",
  });
});

test("an event that causes a webhook names its type in one more header", () => {
  const { headers } = toMessage({ ...row, message_type: "orderEvent" }, "/waybill/orders");
  expect(headers).toEqual({ ...toMessage(row, "/waybill/orders").headers, ce_messagetype: "orderEvent" });
});

test("names of extensions are lower-case letters and digits, as CloudEvents asks", () => {
  const names = Object.keys(toMessage({ ...row, message_type: "orderEvent" }, "/waybill/orders").headers!);
  const attributes = names.filter((name) => name.startsWith("ce_"));
  expect(attributes.filter((name) => !/^ce_[a-z0-9]{1,20}$/.test(name))).toEqual([]);
});

test("the value is the row's JSON byte for byte, under the aggregate's key", () => {
  const { key, value } = toMessage(row, "/waybill/orders");
  expect(value).toBe('{"city":"Zürich"}');
  expect(key).toBe(row.aggregate_id);
});

test("sequences sort as text as they sort as numbers", () => {
  const sequences = fc.integer({ min: 1, max: 999_999_999_999 });
  fc.assert(
    fc.property(sequences, sequences, (a, b) => {
      expect(Math.sign(a - b)).toBe(
        sequenceOf(a)! < sequenceOf(b)! ? -1 : sequenceOf(a) === sequenceOf(b) ? 0 : 1,
      );
      expect(Number(sequenceOf(a))).toBe(a);
    }),
  );
});

test("a row that is sent again is the same message", () => {
  expect(toMessage(row, "/waybill/orders")).toEqual(toMessage({ ...row }, "/waybill/orders"));
});
