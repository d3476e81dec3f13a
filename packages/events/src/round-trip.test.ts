import fc from "fast-check";
import type { KafkaMessage } from "kafkajs";
import { expect, test } from "vitest";
import { toMessage } from "./cloud-event.ts";
import { toConsumedEvent, Undecodable } from "@waybill/consumer/consumed-event.ts";
import { toOutboxRows } from "./outbox.ts";
import { topics } from "./topics.ts";

/** A message as Kafka gives it: all bytes. */
function received(data: object, sequence: number, messageType?: string): KafkaMessage {
  const source = {
    tenantId: "acme",
    aggregateId: "o1",
    lastSequence: sequence - 1,
    time: "2024-05-01T00:00:00.000Z",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  };
  const type = "waybill.order.status_changed.v1";
  const event = { topic: topics.orders, type, data, ...(messageType === undefined ? {} : { messageType }) };
  const { key, value, headers } = toMessage(toOutboxRows(source, [event])[0]!, "/waybill/orders");
  const bytes = Object.entries(headers!).map(([name, text]) => [name, Buffer.from(String(text))]);
  return {
    key: Buffer.from(String(key)),
    value: Buffer.from(String(value)),
    headers: Object.fromEntries(bytes),
    timestamp: "0",
    attributes: 0,
    offset: "0",
  };
}

test("what the relay sends is what a consumer gets, byte for byte", () => {
  const types = fc.constantFrom("orderEvent", "orderCancelResolution", undefined);
  const sequences = fc.integer({ min: 1, max: 999_999_999_999 });
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      sequences,
      types,
      (data, sequence, messageType) => {
        const { id, ...event } = toConsumedEvent(received(data, sequence, messageType));
        expect(id).toMatch(/^[0-9a-f-]{36}$/);
        expect(event).toEqual({
          type: "waybill.order.status_changed.v1",
          tenantId: "acme",
          aggregateId: "o1",
          sequence,
          time: "2024-05-01T00:00:00.000Z",
          messageType: messageType ?? null,
          traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          data: JSON.stringify(data),
        });
      },
    ),
  );
});

const refusalOf = (message: KafkaMessage): unknown => {
  try {
    return toConsumedEvent(message) && null;
  } catch (error) {
    return error;
  }
};

test("any other message is refused with a reason that shows nothing of it", () => {
  const whole = received({ name: "Jane" }, 1);
  const broken = fc.oneof(
    fc.record({
      value: fc.constantFrom(null, Buffer.from('{"name":"Jane"'), Buffer.from([0x22, 0xff, 0x22])),
    }),
    fc.record({
      header: fc.constantFrom(
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_subject",
        "ce_tenantid",
        "ce_sequence",
        "ce_time",
      ),
      content: fc.constantFrom(Buffer.from("Jäne\n"), [Buffer.from("1.0"), Buffer.from("1.0")], undefined),
    }),
  );
  fc.assert(
    fc.property(broken, (change) => {
      const headers =
        "header" in change ? { ...whole.headers, [change.header]: change.content } : whole.headers!;
      const error = refusalOf({ ...whole, ...change, headers } as KafkaMessage);
      expect(error).toBeInstanceOf(Undecodable);
      expect((error as Error).message).toMatch(/^the (value|header \w+) (is|has) [a-zA-Z ]+$/);
      expect((error as Error).message).not.toMatch(/J.ne/);
    }),
  );
});

test("a message without a trace is an event all the same", () => {
  const message = received({}, 1);
  delete message.headers!["traceparent"];
  expect(toConsumedEvent(message).traceparent).toBe("");
});
