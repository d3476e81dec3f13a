import { invalidAt } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { CallbackReplay } from "@waybill/proto/callbacks/v1/replays.ts";
import { keptUntil, type DeliveryDocument } from "./delivery.ts";

/** A delivery that is to be sent once more, with its lane. */
export type ReplayedDelivery = Pick<
  DeliveryDocument,
  "_id" | "lane_id" | "callback_id" | "order_id" | "created_at"
>;

/** Deliveries that are sent once more, in batches. */
export interface ReplayDocument {
  _id: string;
  tenant_id: string;
  callback_id: string | null;
  order_id: string | null;
  message_type: string | null;
  delivery_status: "delivered" | "failed" | null;
  /** RFC 3339, UTC; null: from the oldest. */
  sdt: string | null;
  /** RFC 3339, UTC. */
  edt: string;
  status: "running" | "done";
  matched: number;
  replayed: number;
  /** Where the last batch ended; null before the first. */
  position: { created_at: string; _id: string } | null;
  /** What is being revived: written before that begins, so that after a crash another does the rest of it. */
  batch: ReplayedDelivery[] | null;
  /** Made anew by each claim: only who knows it goes on. */
  lease: string | null;
  /** When it may be claimed, by the database's clock. */
  next_at: Date;
  /** RFC 3339, UTC. */
  created_at: string;
  expires_at: Date;
}

export const replaysCollection: CollectionDeclaration = {
  name: "replays",
  indexes: [
    { name: "running", key: { next_at: 1 }, partialFilterExpression: { status: "running" } },
    { name: "expiry", key: { expires_at: 1 }, expireAfterSeconds: 0 },
  ],
};

/** The replay that is asked for. Throws `INVALID_REQUEST` if nothing narrows it down. */
export function createReplay(
  asked: CallbackReplay,
  { id, tenantId, nowMs }: { id: string; tenantId: string; nowMs: number },
): ReplayDocument {
  if (!asked.callback_id && !asked.order_id && !asked.sdt) {
    throw invalidAt("/replay", "REQUIRED", "one of callback_id, order_id and sdt must be present");
  }
  const now = new Date(nowMs).toISOString();
  return {
    _id: id,
    tenant_id: tenantId,
    callback_id: asked.callback_id ?? null,
    order_id: asked.order_id ?? null,
    message_type: asked.message_type ?? null,
    delivery_status: (asked.delivery_status ?? null) as ReplayDocument["delivery_status"],
    sdt: asked.sdt ?? null,
    // What comes later is none of it, or a replay would never end.
    edt: asked.edt && asked.edt < now ? asked.edt : now,
    status: "running",
    matched: 0,
    replayed: 0,
    position: null,
    batch: null,
    lease: null,
    next_at: new Date(nowMs),
    created_at: now,
    expires_at: keptUntil(nowMs),
  };
}

/** The message of a replay; that of a preview has no id. */
export function toCallbackReplay(replay: ReplayDocument, preview: boolean): CallbackReplay {
  const { _id, callback_id, order_id, message_type, delivery_status, sdt, edt } = replay;
  const { status, matched, replayed, created_at } = replay;
  return {
    id: preview ? null : _id,
    callback_id,
    order_id,
    message_type,
    delivery_status,
    sdt,
    edt,
    preview,
    status: preview ? "preview" : status,
    matched,
    replayed,
    created_at,
  };
}
