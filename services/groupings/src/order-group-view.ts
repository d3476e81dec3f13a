import { GroupOrder, OrderGroup } from "@waybill/proto/groupings/v1/order_groups.ts";
import type { StorefrontStanding } from "@waybill/proto/orders/v1/storefront.ts";
import type { Checkout, Money, Prices, Storefront } from "@waybill/proto/orders/v1/storefront_fields.ts";
import type { Member, OrderGroupDocument } from "./order-group.ts";

const empty = new Uint8Array();
// Fields that an order may have been stored without.
const blankGroup = OrderGroup.decode(empty);
const blankOrder = GroupOrder.decode(empty);

/** How the storefront calls an order's status. */
const statusViews: Readonly<Record<string, string>> = {
  open: "PENDING",
  atWarehouse: "APPROVED",
  inProcess: "APPROVED",
  packed: "APPROVED",
  fulfilled: "COLLECTED",
  delivered: "COLLECTED",
  canceled: "DECLINED",
};

/** What a delivery needs of an address; the number may stand with the street. */
const addressParts = ["street", "zipcode", "city", "country"] as const;

/** Payment methods that are settled on the spot or later. */
const settledMethods: ReadonlySet<string> = new Set(["point_of_sale", "paid_in_shop", "bank_transfer"]);

/** The message of a group with its orders as they stand. */
export function toOrderGroup(
  { id, members, created_at, updated_at }: OrderGroupDocument,
  standings: ReadonlyMap<string, StorefrontStanding>,
): OrderGroup {
  const orders = members.flatMap((member) => {
    const standing = standings.get(member.order_id);
    return standing ? [toGroupOrder(member, standing)] : [];
  });
  return { ...blankGroup, id, orders, created_at, updated_at };
}

/** The message of an order of a group. */
export function toGroupOrder({ id }: Member, standing: StorefrontStanding): GroupOrder {
  const { order_group_id, replacement_id, ...fields } = standing.storefront ?? ({} as Storefront);
  return {
    ...blankOrder,
    ...fields,
    id,
    order_id: standing.id,
    order_nr: standing.order_nr,
    status: statusViews[standing.status] ?? "PENDING",
    valid: isValid(fields),
    warnings: warningsOf(fields),
  };
}

/**
 * Whether an order is good to go: paid, or settled later with a complete checkout; of a shop that allows
 * orders; with all amounts in one currency.
 */
function isValid({ payment_status, payment_method, checkout, shop, prices }: Storefront): boolean {
  const settled = settledMethods.has(payment_method ?? "") && isComplete(checkout ?? null);
  return (
    (payment_status === "paid" || settled) && shop?.allow_orders === true && currenciesOf(prices).length <= 1
  );
}

function isComplete(checkout: Checkout | null): boolean {
  if (!checkout?.method || !checkout.date) return false;
  return checkout.method !== "delivery" || addressParts.every((part) => checkout.address?.[part]);
}

/** What does not add up in an order's prices, in sentences. */
function warningsOf({ prices }: Storefront): string[] {
  if (!prices) return [];
  const currencies = currenciesOf(prices);
  if (currencies.length > 1) return [`the amounts are in several currencies: ${currencies.join(", ")}`];
  const { price, discount, price_with_discount, price_to_pay } = prices;
  const costs = [
    prices.warranty,
    prices.delivery_cost,
    prices.invoice_cost,
    prices.sms_cost,
    prices.transaction_cost,
  ];
  const discounted = valueOf(price) - valueOf(discount);
  const toPay = valueOf(price_with_discount) + costs.reduce((sum, cost) => sum + valueOf(cost), 0);
  return [
    ...differs("price_with_discount", price_with_discount, discounted, "price − discount"),
    ...differs("price_to_pay", price_to_pay, toPay, "price_with_discount and all costs"),
  ];
}

function differs(name: string, amount: Money | null | undefined, sum: number, parts: string): string[] {
  return amount && amount.value !== sum ? [`${name} is ${amount.value}, but ${parts} is ${sum}`] : [];
}

function valueOf(amount: Money | null | undefined): number {
  return amount?.value ?? 0;
}

function currenciesOf(prices: Prices | null | undefined): string[] {
  const amounts = Object.values(prices ?? {}) as (Money | null | undefined)[];
  return [...new Set(amounts.flatMap((amount) => amount?.currency ?? []))];
}
