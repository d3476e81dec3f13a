import type { Waybill } from "@waybill/client";
import type { ConsumedEvent } from "./consumed-event.ts";
import type { Gap } from "./positions.ts";

/**
 * The events of a gap on the order topic, by `GET /orders/{order}/events`, which has those of the last 90 days.
 * The client must be of the gap's tenant. Rejects if the API cannot be reached; the batch then comes again.
 */
export async function healByRest(
  waybill: Pick<Waybill, "listOrderEvents">,
  { tenantId, aggregateId, applied, sequence }: Gap,
): Promise<ConsumedEvent[]> {
  const found: ConsumedEvent[] = [];
  for await (const event of waybill.listOrderEvents(aggregateId, { after_sequence: applied, limit: 100 })) {
    if (event.sequence >= sequence) break;
    const { id, type, time, message_type: messageType, data } = event;
    const facts = { id, type, time, messageType, tenantId, aggregateId, sequence: event.sequence };
    found.push({ ...facts, traceparent: "", data: JSON.stringify(data) });
  }
  return found;
}
