import type { AggregateDocument, Decision } from "@waybill/events/aggregates.ts";
import { topics } from "@waybill/events/topics.ts";
import { DomainError, type Violation } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { GroupOrder, OrderGroup } from "@waybill/proto/groupings/v1/order_groups.ts";
import type { Storefront } from "@waybill/proto/orders/v1/storefront_fields.ts";

/** An order of a group. */
export interface Member {
  /** What the group shows as its id: the client's, else the order_nr. */
  id: number;
  /** The order's UUID. */
  order_id: string;
  /** The last payment that was recorded; null if none was. */
  payment_status: string | null;
}

/** An order that a replacement creates or changes. */
interface PendingOrder {
  /** Null: it is new. */
  order_id: string | null;
  /** The client's number of a new order, if it has one. */
  storefront_id: number | null;
  /** Of a new order. */
  customer_identifier: string;
  storefront: Storefront;
}

/** What is under way: stored before the orders service is asked for it, so that it survives a crash. */
export interface Replacement {
  /** UUID. */
  id: string;
  orders: PendingOrder[];
  /** The orders that leave the group. */
  leaving: string[];
}

/** A group as it is stored; what it shows of its orders lives with them in the orders service. */
export interface OrderGroupDocument extends AggregateDocument {
  id: number;
  /** Whether anyone sees it: once its orders are there. */
  open: boolean;
  members: Member[];
  pending: Replacement | null;
  /** A BSON date, for the sweeper's index. */
  pending_since: Date | null;
  /** RFC 3339, UTC. */
  created_at: string;
  /** Of the request that began it. */
  fingerprint: string;
  /** The hash of the Idempotency-Key that it was begun with; absent without one, and once it is forgotten. */
  request_key?: string;
}

export const orderGroupsCollection: CollectionDeclaration = {
  name: "order_groups",
  indexes: [
    { name: "by_id", key: { tenant_id: 1, id: 1 }, unique: true },
    {
      name: "by_request_key",
      key: { tenant_id: 1, request_key: 1 },
      unique: true,
      partialFilterExpression: { request_key: { $type: "string" } },
    },
    { name: "newest", key: { tenant_id: 1, open: 1, _id: -1 } },
    {
      name: "pending",
      key: { pending_since: 1 },
      partialFilterExpression: { pending_since: { $type: "date" } },
    },
  ],
};

/** Ids of clients are below, minted ones from here upward. */
export const MINTED_ID_FIRST = 1_000_000_000;

/** What is known of the request that begins a group. */
interface GroupRequest {
  /** UUID, of this try. */
  replacementId: string;
  fingerprint: string;
  /** See `request_key` of the document. */
  requestKey: string | null;
}

/** A new group, which nobody sees before its orders are there. */
export function beginGroup(
  start: AggregateDocument,
  id: number,
  group: OrderGroup,
  { replacementId, fingerprint, requestKey }: GroupRequest,
): OrderGroupDocument {
  const begun = {
    ...start,
    id,
    open: false,
    members: [],
    pending: null,
    pending_since: null,
    created_at: start.updated_at,
    fingerprint,
    ...(requestKey === null ? {} : { request_key: requestKey }),
  };
  return beginReplacement(begun, group, replacementId).state;
}

/**
 * The rule of replacing a group's orders: what is to be asked of the orders service is noted, nothing else.
 * Throws `CONFLICT` while another replacement is under way, and refuses ids that a client cannot choose.
 */
export function beginReplacement(
  document: OrderGroupDocument,
  { id, orders }: OrderGroup,
  replacementId: string,
): Decision<OrderGroupDocument> {
  if (document.pending) throw new DomainError("CONFLICT", "another replacement of the group is under way");
  const members = new Map(document.members.map((member) => [member.id, member.order_id]));
  assertIds(document, id ?? null, orders, members);
  const wanted = orders.map((order, index): PendingOrder => {
    const order_id = members.get(order.id ?? 0) ?? null;
    const name = order.id ?? `${replacementId}-${index}`;
    return {
      order_id,
      storefront_id: order_id ? null : (order.id ?? null),
      customer_identifier: `storefront-${name}`,
      storefront: toStorefront(order, document, order_id === null ? replacementId : null),
    };
  });
  const staying = new Set(wanted.map(({ order_id }) => order_id));
  const leaving = document.members.map(({ order_id }) => order_id).filter((one) => !staying.has(one));
  const pending = { id: replacementId, orders: wanted, leaving };
  return { state: { ...document, pending, pending_since: new Date(document.updated_at) }, events: [] };
}

/** The rule of a replacement whose orders are saved; one that somebody else finished changes nothing. */
export function finishReplacement(
  document: OrderGroupDocument,
  replacementId: string,
  saved: readonly Omit<Member, "payment_status">[],
): Decision<OrderGroupDocument> {
  if (document.pending?.id !== replacementId) return { state: document, events: [] };
  const known = new Map(document.members.map((member) => [member.order_id, member]));
  const members = saved.map((one) => known.get(one.order_id) ?? { ...one, payment_status: null });
  const type = document.open ? "waybill.order_group.updated.v1" : "waybill.order_group.created.v1";
  const state = { ...document, open: true, members, pending: null, pending_since: null };
  return { state, events: [{ topic: topics.groupings, type, data: { id: state.id, orders: saved } }] };
}

/** The rule of a replacement that the orders service refused; one that somebody else finished stays. */
export function giveUpReplacement(
  document: OrderGroupDocument,
  replacementId: string,
): Decision<OrderGroupDocument> {
  if (document.pending?.id !== replacementId) return { state: document, events: [] };
  return { state: { ...document, pending: null, pending_since: null }, events: [] };
}

/** The rule of telling a recorded payment, once. */
export function notePayment(
  document: OrderGroupDocument,
  orderId: string,
  payment_status: string,
): Decision<OrderGroupDocument> {
  const paid = document.members.find(({ order_id }) => order_id === orderId);
  if (!paid || paid.payment_status === payment_status) return { state: document, events: [] };
  const members = document.members.map((member) =>
    member === paid ? { ...member, payment_status } : member,
  );
  const data = { id: document.id, order: { id: paid.id, order_id: orderId, payment_status } };
  const type = "waybill.order_group.payment_recorded.v1";
  return { state: { ...document, members }, events: [{ topic: topics.groupings, type, data }] };
}

/** The order with this id in the group. Throws `ORDER_NOT_FOUND`. */
export function memberOf({ members }: OrderGroupDocument, id: number): Member {
  const member = members.find((candidate) => candidate.id === id);
  if (!member) throw new DomainError("ORDER_NOT_FOUND", "the group has no such order");
  return member;
}

function assertIds(
  document: OrderGroupDocument,
  id: number | null,
  orders: readonly GroupOrder[],
  members: ReadonlyMap<number, string>,
): void {
  const violations: Violation[] = [];
  const mayBe = document.members.length > 0 || document.open ? [document.id, null] : null;
  if (mayBe && !mayBe.includes(id))
    violations.push({ pointer: "/group/id", code: "NOT_ALLOWED", detail: "must be the id of the path" });
  if (!mayBe && id !== null && id >= MINTED_ID_FIRST) violations.push(tooLarge("/group/id"));
  orders.forEach((order, index) => {
    if (!order.id) return;
    const pointer = `/group/orders/${index}/id`;
    if (orders.findIndex((other) => other.id === order.id) < index)
      violations.push({ pointer, code: "NOT_ALLOWED", detail: "is the id of another order of the request" });
    else if (!members.has(order.id) && order.id >= MINTED_ID_FIRST) violations.push(tooLarge(pointer));
  });
  if (violations.length > 0) throw new DomainError("INVALID_REQUEST", undefined, { violations });
}

function tooLarge(pointer: string): Violation {
  return { pointer, code: "OUT_OF_RANGE", detail: `must be less than ${MINTED_ID_FIRST}` };
}

/** What the orders service stores of an order; `replacementId` if it is new. */
function toStorefront(
  order: GroupOrder,
  { id, updated_at }: OrderGroupDocument,
  replacementId: string | null,
): Storefront {
  const { id: _id, status, valid, order_nr, order_id, warnings, ...fields } = order;
  if (replacementId === null) return { ...fields, order_group_id: id };
  return {
    ...fields,
    order_group_id: id,
    created_at: order.created_at ?? Math.floor(Date.parse(updated_at) / 1000),
    payment_status: order.payment_status ?? "pending",
    replacement_id: replacementId,
  };
}
