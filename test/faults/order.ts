const address = (prefix: string) => ({
  [`${prefix}_address_name`]: "John Jacob",
  [`${prefix}_address_street_line_one`]: "234 House Lane",
  [`${prefix}_address_city`]: "Little Falls",
  [`${prefix}_address_locale`]: "NJ",
  [`${prefix}_address_postal_code`]: "07972",
  [`${prefix}_address_country_code`]: "US",
  [`${prefix}_address_type`]: "residential",
});

/** A record of an order with two lines. */
export function anOrder(customerIdentifier: string): object {
  return {
    customer_identifier: customerIdentifier,
    order_type: "customer",
    shipping_provider: "masonhub",
    shipper_service_level: "ground",
    ...address("shipping"),
    ...address("billing"),
    submitted_at: "2018-08-01T00:00:00Z",
    line_items: [
      { sku_customer_id: "shirt", quantity: 2 },
      { sku_customer_id: "hat", quantity: 1 },
    ],
  };
}
