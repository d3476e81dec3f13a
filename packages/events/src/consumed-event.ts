/** An event as a consumer gets it. */
export interface ConsumedEvent {
  /** `ce_id`: stable over repeats. */
  id: string;
  /** Such as `waybill.order.status_changed.v1`. */
  type: string;
  tenantId: string;
  /** The Kafka key: the order's id on the order topic. */
  aggregateId: string;
  /** Gap-free per aggregate, from 1; a repeat has the same. */
  sequence: number;
  /** When it happened: RFC 3339, UTC. */
  time: string;
  /** The webhook it causes, such as `orderEvent`; null if none. */
  messageType: string | null;
  traceparent: string;
  /** The data: JSON, byte for byte as it was written. */
  data: string;
}
