const address = (prefix: string) => ({
  [`${prefix}_address_name`]: "John Jacob JingleHeimer-Schmidt III",
  [`${prefix}_address_street_line_one`]: "234 House Lane",
  [`${prefix}_address_city`]: "Little Falls",
  [`${prefix}_address_locale`]: "NJ",
  [`${prefix}_address_postal_code`]: "07972",
  [`${prefix}_address_country_code`]: "US",
  [`${prefix}_address_phone_number`]: "973-999-3333",
  [`${prefix}_address_type`]: "residential",
});

const line = (sku: string, quantity: number) => ({
  sku_customer_id: sku,
  quantity,
  promised_delivery_date: "2018-08-15T17:32:28Z",
  estimated_delivery_date: "2018-08-15T17:32:28Z",
});

/** The SKUs that the orders name. */
export const skus = [
  { customer_identifier: "shirts872340", description: "Shirt", catalog_price: "21.56" },
  { customer_identifier: "hats872341", description: "Hat", catalog_price: "12.00" },
];

const record = {
  order_type: "customer",
  priority: 100,
  shipping_provider: "masonhub",
  shipper_service_level: "ground",
  value_added_services: ["Complimentary Handkerchief"],
  special_instructions: "Triple Fold the Sleeves and wrap in Tissue Paper.",
  gift_message: "Happy Birthday Freddie!",
  ...address("shipping"),
  ...address("billing"),
  submitted_at: "2018-08-01T00:00:00Z",
  line_items: [line("shirts872340", 2), line("hats872341", 1)],
};

let identifiers = 0;

/** The example of 001 with two lines, under an identifier that nothing else of this process has. */
export function anOrder(): { customer_identifier: string } {
  identifiers += 1;
  return { customer_identifier: `bench-${identifiers}`, ...record };
}

/** The body of a call that creates so many orders. */
export function ordersBody(count: number): string {
  return JSON.stringify(Array.from({ length: count }, anOrder));
}
