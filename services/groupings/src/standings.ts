import type { OrderGroup } from "@waybill/proto/groupings/v1/order_groups.ts";
import type { StorefrontStanding } from "@waybill/proto/orders/v1/storefront.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { GroupingsContext } from "./context.ts";
import type { OrderGroupDocument } from "./order-group.ts";
import { toOrderGroup } from "./order-group-view.ts";

/** Where the orders of these groups stand, by their UUIDs. */
export async function findStandings(
  { storefrontOrders }: Pick<GroupingsContext, "storefrontOrders">,
  orderIds: readonly string[],
  call: CallOptions,
): Promise<Map<string, StorefrontStanding>> {
  if (orderIds.length === 0) return new Map();
  const { orders } = await storefrontOrders.findStorefrontOrders({ order_ids: [...orderIds] }, call);
  return new Map(orders.map((order) => [order.id, order]));
}

/** The messages of groups with their orders as they stand, which the orders service is asked for in one call. */
export async function showGroups(
  context: GroupingsContext,
  documents: readonly OrderGroupDocument[],
  call: CallOptions,
): Promise<OrderGroup[]> {
  const orderIds = documents.flatMap(({ members }) => members.map(({ order_id }) => order_id));
  const standings = await findStandings(context, orderIds, call);
  return documents.map((document) => toOrderGroup(document, standings));
}
