/** The events of one topic: by type, the proto message of their data. */
export interface TopicEvents {
  /** What its events are about. */
  description: string;
  key: string;
  events: Readonly<Record<string, string>>;
}

const moves = [
  "accepted",
  "started",
  "packed",
  "shipped",
  "shorted",
  "delivered",
  "held",
  "released",
  "canceled",
];

/** Every event of Waybill, by the topic that it is on. */
export const eventsByTopic = {
  "waybill.orders.v1": {
    description: "Orders, what became of requests to change them, and returns: one sequence per order.",
    key: "The order's UUID.",
    events: {
      ...each("waybill.order", ["created", "updated"], "waybill.orders.v1.Order"),
      ...each("waybill.order", moves, "waybill.orders.v1.OrderEventData"),
      ...each("waybill.order", ["backordered", "allocated"], "waybill.orders.v1.OrderEventData"),
      ...each("waybill.order", ["storefront_changed"], "waybill.orders.v1.StorefrontEventData"),
      ...each("waybill.order_update", ["resolved"], "waybill.orders.v1.OrderUpdateRequest"),
      ...each("waybill.order_cancel", ["resolved"], "waybill.orders.v1.OrderCancelRequest"),
      ...each(
        "waybill.return",
        ["created", "received", "rejected", "canceled"],
        "waybill.orders.v1.ReturnEventData",
      ),
    },
  },
  "waybill.order-requests.v1": {
    description: "The orders service's own commands: update and cancel requests that are to be decided.",
    key: "The order's UUID.",
    events: {
      ...each("waybill.order_update", ["requested"], "waybill.orders.v1.OrderRequestCommand"),
      ...each("waybill.order_cancel", ["requested"], "waybill.orders.v1.OrderRequestCommand"),
    },
  },
  "waybill.line-items.v1": {
    description: "The lines of orders, one sequence per order's lines, and SKUs, one sequence per SKU.",
    key: "The order's UUID, or the SKU's.",
    events: {
      ...each(
        "waybill.line_items",
        ["changed", "moved", "allocated"],
        "waybill.line_items.v1.LineItemsEventData",
      ),
      ...each("waybill.sku", ["created", "updated", "retired", "deleted"], "waybill.line_items.v1.Sku"),
    },
  },
  "waybill.inventory.v1": {
    description: "Stock, one sequence per SKU's stock, and facilities.",
    key: "The SKU's UUID, or tenant and facility id.",
    events: {
      ...each("waybill.inventory", ["changed"], "waybill.line_items.v1.InventoryEventData"),
      ...each("waybill.facility", ["changed"], "waybill.line_items.v1.Facility"),
    },
  },
  "waybill.groupings.v1": {
    description: "Groupings, one sequence per order's groupings, profiles, and order groups.",
    key: "The order's UUID, or the id of the profile or group.",
    events: {
      ...each(
        "waybill.grouping",
        ["created", "updated", "deleted", "moved", "released"],
        "waybill.groupings.v1.GroupingEventData",
      ),
      ...each("waybill.profile", ["created", "updated"], "waybill.groupings.v1.Profile"),
      ...each("waybill.order_group", ["created", "updated"], "waybill.groupings.v1.OrderGroupEventData"),
      ...each("waybill.order_group", ["payment_recorded"], "waybill.groupings.v1.OrderGroupPaymentData"),
    },
  },
  "waybill.deliveries.v1": {
    description: "What became of webhooks, one sequence per delivery, and of registrations.",
    key: "The order's UUID, or the registration's.",
    events: {
      ...each("waybill.delivery", ["delivered", "failed", "parked"], "waybill.callbacks.v1.DeliveryOutcome"),
      ...each(
        "waybill.callback",
        ["disabled", "unreadable", "enabled"],
        "waybill.callbacks.v1.CallbackState",
      ),
    },
  },
} satisfies Readonly<Record<string, TopicEvents>>;

/**
 * Whether an event of a topic has a version that this release does not know, though it knows the event. What it
 * does not know at all is none of its concern.
 */
export function hasUnknownVersion(topic: keyof typeof eventsByTopic, type: string): boolean {
  const events: Readonly<Record<string, string>> = eventsByTopic[topic].events;
  if (Object.hasOwn(events, type)) return false;
  return Object.keys(events).some((known) => withoutVersion(known) === withoutVersion(type));
}

function withoutVersion(type: string): string {
  return type.replace(/\.v\d+$/, "");
}

function each(subject: string, verbs: readonly string[], message: string): Record<string, string> {
  return Object.fromEntries(verbs.map((verb) => [`${subject}.${verb}.v1`, message]));
}
