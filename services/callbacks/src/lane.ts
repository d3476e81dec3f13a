import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";

/**
 * The deliveries of one order to one registration that are still to be sent, in their order: what can fail
 * alone, waits alone. It exists while there are any.
 */
export interface LaneDocument {
  /** See `laneId`. */
  _id: string;
  tenant_id: string;
  callback_id: string;
  order_id: string;
  /**
   * When the lane may be claimed, by the database's clock: at once, after its retry's wait, or, while
   * somebody works on it, when their lease runs out.
   */
  next_at: Date;
  /** Deliveries that are pending. Counted in the transactions that add and end them. */
  enqueued: number;
  /** Made anew by each claim: only who knows it may complete. Null if it was never claimed. */
  lease: string | null;
}

export const lanesCollection: CollectionDeclaration = {
  name: "lanes",
  indexes: [{ name: "due", key: { callback_id: 1, next_at: 1 } }],
};

/** The lane of an order at a registration. */
export function laneId(callbackId: string, orderId: string): string {
  return `${callbackId}/${orderId}`;
}
