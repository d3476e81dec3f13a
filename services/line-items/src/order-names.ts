import type { CallOptions } from "@waybill/rpc/client.ts";
import { readOrderName } from "@waybill/service/order-name.ts";
import type { LineItemsContext } from "./context.ts";

/** The ids of orders by tenant and number: neither ever changes, and no order is ever deleted. */
export type OrderNames = Map<string, string>;

const NAMES_MAX = 10_000;

/**
 * The id of the order that a path names by its UUID, order_nr or storefront_id. Numbers are the orders
 * service's: it is asked once for each. Throws `ORDER_NOT_FOUND` for an unknown number; a UUID is answered as
 * it is.
 */
export async function orderIdOf(
  { orders, orderNames }: Pick<LineItemsContext, "orders" | "orderNames">,
  name: string,
  call: CallOptions,
): Promise<string> {
  const named = readOrderName(name);
  if ("_id" in named) return named._id;
  const key = `${call.tenantId}/${Number(name)}`;
  const known = orderNames.get(key);
  if (known !== undefined) return known;
  const { order } = await orders.resolveOrder({ order: name }, call);
  if (orderNames.size >= NAMES_MAX) orderNames.delete(orderNames.keys().next().value!);
  orderNames.set(key, order!.id);
  return order!.id;
}
