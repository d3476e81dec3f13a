import type { Collection, Filter, FindCursor } from "mongodb";
import { pauseOf } from "./callback.ts";
import { MESSAGE_TYPES, type DeliveryDocument } from "./delivery.ts";
import type { DeliverySummary, RegistrationState } from "./delivery-view.ts";

/** Which deliveries a list shows; null: whatever it is. */
export interface DeliveryFilter {
  tenantId: string;
  /** As it is shown: `parked` and `pending` tell apart what is stored as pending. */
  status: DeliveryDocument["status"] | "parked" | null;
  messageType: string | null;
  orderId: string | null;
  callbackId: string | null;
  /** RFC 3339, UTC: stored then or later. */
  from: string | null;
  /** RFC 3339, UTC: stored before. */
  before: string | null;
}

/** Which part of the list: the newest first. */
interface DeliveryPage {
  /** The position of the last delivery of the page before; null for the first page. */
  after: [createdAt: string, id: string] | null;
  limit: number;
}

const STATUSES: readonly DeliveryDocument["status"][] = ["pending", "delivered", "failed"];

/**
 * The query of a page. The index is named, so that no plan is ever guessed: what precedes the time in it has
 * a few values each, whose ranges are merged in the order of time. Those of registrations, 100 with one
 * status, or one with three, stay below what MongoDB merges (200).
 */
export function findDeliveries(
  deliveries: Collection<DeliveryDocument>,
  filter: DeliveryFilter,
  page: DeliveryPage,
  registrations: readonly RegistrationState[],
): FindCursor<DeliverySummary> {
  const callbackIds = callbackIdsOf(filter, registrations);
  const index = filter.orderId !== null ? "by_order" : callbackIds !== null ? "by_callback" : "by_type";
  const types = filter.messageType === null ? MESSAGE_TYPES : [filter.messageType];
  const query: Filter<DeliveryDocument> = {
    tenant_id: filter.tenantId,
    status: { $in: statusesOf(filter) },
    ...(filter.orderId === null ? {} : { order_id: filter.orderId }),
    ...(callbackIds === null ? {} : { callback_id: { $in: callbackIds } }),
    message_type: { $in: types },
    ...inTimeRange(filter, page),
  };
  return deliveries
    .find(query)
    .hint(index)
    .sort({ created_at: -1, _id: -1 })
    .limit(page.limit)
    .project<DeliverySummary>({ body: 0 });
}

/** The registrations whose deliveries are meant; null for all, with those that were deleted. */
function callbackIdsOf(
  { status, callbackId }: DeliveryFilter,
  registrations: readonly RegistrationState[],
): string[] | null {
  if (status !== "parked" && status !== "pending") return callbackId === null ? null : [callbackId];
  return registrations
    .filter((one) => (pauseOf(one) !== null) === (status === "parked"))
    .map(({ _id }) => _id)
    .filter((id) => callbackId === null || id === callbackId);
}

function statusesOf({ status }: DeliveryFilter): DeliveryDocument["status"][] {
  if (status === null) return [...STATUSES];
  return [status === "parked" ? "pending" : status];
}

function inTimeRange({ from, before }: DeliveryFilter, { after }: DeliveryPage): Filter<DeliveryDocument> {
  const bounds: Filter<DeliveryDocument>[] = [];
  if (from !== null) bounds.push({ created_at: { $gte: from } });
  if (before !== null) bounds.push({ created_at: { $lt: before } });
  if (after !== null) {
    const [createdAt, id] = after;
    bounds.push({ created_at: { $lte: createdAt } });
    bounds.push({ $or: [{ created_at: { $lt: createdAt } }, { _id: { $lt: id } }] });
  }
  return bounds.length === 0 ? {} : { $and: bounds };
}
