import { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import { Sku } from "@waybill/proto/line_items/v1/skus.ts";
import { OrderUpdate } from "@waybill/proto/orders/v1/order_requests.ts";
import { Order } from "@waybill/proto/orders/v1/orders.ts";

const nothing = new Uint8Array();

/** A SKU record as a caller sends it. */
export function aSku(customerIdentifier: string, change: Partial<Sku> = {}): Sku {
  return { ...Sku.decode(nothing), customer_identifier: customerIdentifier, ...change };
}

/** A line as a caller sends it. */
export function aLine(skuCustomerId: string, quantity = 1, change: Partial<LineItem> = {}): LineItem {
  return { ...LineItem.decode(nothing), sku_customer_id: skuCustomerId, quantity, ...change };
}

/** An order record as a caller sends it, with one line of one `shirt`. */
export function anOrder(customerIdentifier: string, change: Partial<Order> = {}): Order {
  return {
    ...Order.decode(nothing),
    customer_identifier: customerIdentifier,
    order_type: "customer",
    shipping_provider: "masonhub",
    shipper_service_level: "ground",
    shipping_address_name: "John Jacob",
    shipping_address_street_line_one: "234 House Lane",
    shipping_address_city: "Little Falls",
    shipping_address_locale: "NJ",
    shipping_address_postal_code: "07972",
    shipping_address_country_code: "US",
    shipping_address_type: "residential",
    billing_address_name: "John Jacob",
    billing_address_street_line_one: "234 House Lane",
    billing_address_city: "Little Falls",
    billing_address_locale: "NJ",
    billing_address_postal_code: "07972",
    billing_address_country_code: "US",
    billing_address_type: "residential",
    submitted_at: "2018-08-01T00:00:00Z",
    line_items: [aLine("shirt")],
    ...change,
  };
}

/** What an update request says of an order that is to be as it was sent, but for the change. */
export function anUpdate(customerIdentifier: string, change: Partial<OrderUpdate> = {}): OrderUpdate {
  const blank = OrderUpdate.decode(nothing);
  const known = Object.entries(anOrder(customerIdentifier)).filter(([field]) => Object.hasOwn(blank, field));
  return { ...blank, ...Object.fromEntries(known), ...change };
}
