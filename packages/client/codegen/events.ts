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

/** The message that is the data of each type of event on Waybill's topics. */
export const eventData: Readonly<Record<string, string>> = {
  ...all(["created", "updated"], "order", "waybill.orders.v1.Order"),
  ...all(moves, "order", "waybill.orders.v1.OrderEventData"),
  ...all(["resolved"], "order_update", "waybill.orders.v1.OrderUpdateRequest"),
  ...all(["resolved"], "order_cancel", "waybill.orders.v1.OrderCancelRequest"),
  ...all(["created", "received", "rejected", "canceled"], "return", "waybill.orders.v1.ReturnEventData"),
  ...all(["changed", "moved", "allocated"], "line_items", "waybill.line_items.v1.LineItemsEventData"),
  ...all(["created", "updated", "retired", "deleted"], "sku", "waybill.line_items.v1.Sku"),
  ...all(["changed"], "inventory", "waybill.line_items.v1.InventoryEventData"),
  ...all(["changed"], "facility", "waybill.line_items.v1.Facility"),
  ...all(["created", "updated"], "profile", "waybill.groupings.v1.Profile"),
};

function all(names: readonly string[], subject: string, message: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`waybill.${subject}.${name}.v1`, message]));
}
