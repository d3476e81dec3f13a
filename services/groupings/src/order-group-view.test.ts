import type { GroupOrder } from "@waybill/proto/groupings/v1/order_groups.ts";
import {
  Checkout,
  Prices,
  Shop,
  Storefront,
  StreetAddress,
  type Money,
} from "@waybill/proto/orders/v1/storefront_fields.ts";
import { describe, expect, it } from "vitest";
import { toGroupOrder } from "./order-group-view.ts";

const empty = new Uint8Array();
const address = {
  ...StreetAddress.decode(empty),
  street: "Sint-Denijslaan",
  zipcode: "9000",
  city: "Gent",
  country: "BE",
};
const pickup = { ...Checkout.decode(empty), method: "pickup", date: "2019-01-31" };
const delivery = { ...pickup, method: "delivery", address };
const shop = { ...Shop.decode(empty), allow_orders: true };

/** How an order of a group shows: one to be paid in the shop, of a shop that allows orders, but for the change. */
function shown(change: Partial<Storefront>, status = "open"): GroupOrder {
  const fields = { payment_method: "paid_in_shop", payment_status: "pending", checkout: pickup, shop };
  const storefront = { ...Storefront.decode(empty), ...fields, ...change };
  const standing = { id: "order-uuid", order_nr: 1_000_000_001, storefront_id: 13, status, storefront };
  return toGroupOrder({ id: 13, order_id: "order-uuid", payment_status: null }, standing);
}

describe("the status of an order of a group", () => {
  it.each([
    ["open", "PENDING"],
    ["atWarehouse", "APPROVED"],
    ["inProcess", "APPROVED"],
    ["packed", "APPROVED"],
    ["fulfilled", "COLLECTED"],
    ["delivered", "COLLECTED"],
    ["canceled", "DECLINED"],
  ])("%s shows as %s", (status, view) => {
    expect(shown({}, status)).toMatchObject({
      status: view,
      order_nr: 1_000_000_001,
      order_id: "order-uuid",
    });
  });
});

describe("an order of a group is valid", () => {
  const unpaid = { payment_method: "online", payment_status: "pending" };
  it.each<[what: string, change: Partial<Storefront>]>([
    ["that is paid in the shop", {}],
    ["that is paid at the point of sale", { payment_method: "point_of_sale" }],
    ["that is paid by transfer", { payment_method: "bank_transfer" }],
    ["that is delivered, with an address", { checkout: delivery }],
    ["that is paid, whatever its method and checkout", { ...unpaid, payment_status: "paid", checkout: null }],
    ["that has a date of the past", { checkout: { ...pickup, date: "1999-12-31" } }],
  ])("%s", (_, change) => {
    expect(shown(change).valid).toBe(true);
  });

  it.each<[what: string, change: Partial<Storefront>]>([
    ["that is paid online and not paid yet", unpaid],
    ...["canceled", "timeout", "declined", "refunded"].map(
      (payment_status): [string, Partial<Storefront>] => [
        `whose online payment is ${payment_status}`,
        { ...unpaid, payment_status },
      ],
    ),
    ["without a payment method", { payment_method: null }],
    ["without a checkout", { checkout: null }],
    ["without a method of checkout", { checkout: { ...pickup, method: null } }],
    ["without a date", { checkout: { ...pickup, date: null } }],
    ["with a delivery to no address", { checkout: { ...delivery, address: null } }],
    [
      "with a delivery to an empty address",
      { checkout: { ...delivery, address: StreetAddress.decode(empty) } },
    ],
    ...(["street", "zipcode", "city", "country"] as const).map((part): [string, Partial<Storefront>] => [
      `with a delivery to an address without ${part}`,
      { checkout: { ...delivery, address: { ...address, [part]: null } } },
    ]),
    ["of a shop that allows no orders", { shop: { ...shop, allow_orders: false } }],
    ["of no shop, though paid", { payment_status: "paid", shop: null }],
    ["with two currencies, though paid", { payment_status: "paid", prices: prices({ price: 1 }, "USD") }],
  ])("not one %s", (_, change) => {
    expect(shown(change).valid).toBe(false);
  });
});

/** Amounts in EUR; `discount` is 0 in the given currency. */
function prices(values: Partial<Record<keyof Prices, number>>, currency = "EUR"): Prices {
  const amounts = Object.entries(values).map(([name, value]): [string, Money] => [
    name,
    { value, currency: "EUR" },
  ]);
  return { ...Prices.decode(empty), discount: { value: 0, currency }, ...Object.fromEntries(amounts) };
}

describe("prices", () => {
  const right = { price: 100, discount: 10, price_with_discount: 90, delivery_cost: 5, price_to_pay: 95 };
  it.each<[what: string, prices: Prices | null, warnings: string[]]>([
    ["that are not there", null, []],
    ["that add up", prices(right), []],
    [
      "with every cost",
      prices({ ...right, warranty: 1, invoice_cost: 2, sms_cost: 3, transaction_cost: 4, price_to_pay: 105 }),
      [],
    ],
    [
      "with a wrong discount",
      prices({ ...right, price_with_discount: 80, price_to_pay: 85 }),
      ["price_with_discount is 80, but price − discount is 90"],
    ],
    [
      "with a wrong sum",
      prices({ ...right, price_to_pay: 94 }),
      ["price_to_pay is 94, but price_with_discount and all costs is 95"],
    ],
    [
      "of which nothing is right",
      prices({ ...right, price_with_discount: 1, price_to_pay: 1 }),
      [
        "price_with_discount is 1, but price − discount is 90",
        "price_to_pay is 1, but price_with_discount and all costs is 6",
      ],
    ],
    [
      "in several currencies",
      prices({ price: 1, price_with_discount: 2 }, "USD"),
      ["the amounts are in several currencies: EUR, USD"],
    ],
  ])("%s", (_, amounts, warnings) => {
    expect(shown({ prices: amounts }).warnings).toEqual(warnings);
  });
});
