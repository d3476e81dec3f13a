import type { Decision } from "@waybill/events/aggregates.ts";
import { fingerprint } from "@waybill/events/fingerprint.ts";
import type { NewEvent } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { Order } from "@waybill/proto/orders/v1/orders.ts";
import type { StorefrontStanding } from "@waybill/proto/orders/v1/storefront.ts";
import type { Storefront } from "@waybill/proto/orders/v1/storefront_fields.ts";
import type { OrderDocument } from "./order.ts";
import type { StandingDocument } from "./order-view.ts";

/** Where a payment may go from where it stands; what failed may be tried again. */
const payments: Readonly<Record<string, readonly string[]>> = {
  pending: ["canceled", "timeout", "declined", "paid", "refunded"],
  canceled: ["pending", "paid"],
  timeout: ["pending", "paid"],
  declined: ["pending", "paid"],
  paid: ["refunded"],
  refunded: [],
};

/** The shipping address of an order: that of its checkout. */
export function shippingAddressOf({ checkout }: Storefront) {
  const address = checkout?.address;
  const street = [address?.street, address?.nr].filter(Boolean).join(" ");
  return {
    shipping_address_name: checkout?.name ?? null,
    shipping_address_street_line_one: street || null,
    shipping_address_city: address?.city ?? null,
    shipping_address_postal_code: address?.zipcode ?? null,
    shipping_address_country_code: address?.country ?? null,
  } satisfies Partial<Order>;
}

/**
 * The rule of other storefront fields for an order, null for leaving its group; the same again changes
 * nothing. Throws `STATUS_FORBIDS` with the given place unless the order is open.
 */
export function changeStorefront(
  order: OrderDocument,
  wanted: Storefront | null,
  place: string,
): Decision<OrderDocument> {
  const current = storefrontOf(order);
  const storefront = wanted
    ? {
        ...wanted,
        payment_status: current.payment_status,
        created_at: wanted.created_at ?? current.created_at,
        replacement_id: current.replacement_id,
      }
    : { ...current, order_group_id: null };
  if (fingerprint(storefront) === fingerprint(current)) return { state: order, events: [] };
  if (order.status !== "open") {
    const detail = `the order is ${order.status}: its storefront fields change while it is open`;
    const violations = [{ pointer: place, code: "STATUS_FORBIDS", detail } as const];
    throw new DomainError("STATUS_FORBIDS", detail, { violations });
  }
  return changed(order, { storefront, ...(wanted ? shippingAddressOf(wanted) : {}) });
}

/** The rule of a payment; the same status again changes nothing. Throws `PAYMENT_FORBIDS`. */
export function recordPayment(order: OrderDocument, payment_status: string): Decision<OrderDocument> {
  const current = storefrontOf(order);
  const from = current.payment_status ?? "pending";
  if (from === payment_status) return { state: order, events: [] };
  if (!payments[from]?.includes(payment_status)) {
    const allowed = payments[from]?.join(", ") || "nothing";
    throw new DomainError("PAYMENT_FORBIDS", `the payment is ${from}, which leads to: ${allowed}`);
  }
  return changed(order, { storefront: { ...current, payment_status } });
}

/** Where a storefront order stands. */
export function toStanding(order: StandingDocument): StorefrontStanding {
  const { _id, order_nr, storefront_id, status, storefront } = order;
  return { id: _id, order_nr, storefront_id: storefront_id ?? null, status, storefront: storefront ?? null };
}

function storefrontOf({ storefront }: OrderDocument): Storefront {
  if (!storefront) throw new DomainError("NO_STOREFRONT_ORDER");
  return storefront;
}

function changed(order: OrderDocument, change: Partial<OrderDocument>): Decision<OrderDocument> {
  const state = { ...order, ...change };
  const data = { order_id: order._id, storefront: state.storefront };
  const event: NewEvent = { topic: topics.orders, type: "waybill.order.storefront_changed.v1", data };
  return { state, events: [event] };
}
