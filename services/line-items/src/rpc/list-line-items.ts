import type {
  ListLineItemsRequest,
  ListLineItemsResponse,
  OrderLines,
  OrderMovements,
} from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { findEntries } from "../ledger-store.ts";
import { toOrderLines } from "../order-lines.ts";
import { findOrderLines } from "../store.ts";

export async function listLineItems(
  context: LineItemsContext,
  { order_ids, include_movements }: ListLineItemsRequest,
  { tenantId }: Call,
): Promise<ListLineItemsResponse> {
  const { found, more } = await findOrderLines(context, tenantId, order_ids);
  const orders = found.map(toOrderLines);
  const answered = new Set(found.map(({ _id }) => _id));
  return {
    orders,
    ledgers: include_movements ? await movementsOf(context, tenantId, orders) : [],
    unanswered: more ? order_ids.filter((id) => !answered.has(id)) : [],
  };
}

/** Entries of events that came after the lines were read are left out. */
async function movementsOf(
  context: LineItemsContext,
  tenantId: string,
  orders: readonly OrderLines[],
): Promise<OrderMovements[]> {
  const ids = orders.map(({ order_id }) => order_id!);
  const byOrder = Map.groupBy(await findEntries(context, tenantId, ids), ({ order_id }) => order_id);
  return orders.map(({ order_id, order_sequence }) => ({
    order_id: order_id!,
    movements: (byOrder.get(order_id!) ?? [])
      .filter(({ sequence }) => sequence <= order_sequence!)
      .flatMap(({ movements }) => movements),
  }));
}
