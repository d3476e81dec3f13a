import { setTimeout as delay } from "node:timers/promises";
import { unavailable } from "@waybill/errors/domain-error.ts";
import type { OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { GroupingsContext } from "./context.ts";
import type { LinesSnapshot } from "./grouping.ts";

/** Orders of one call to line-items. */
export const SNAPSHOT_ORDERS_MAX = 100;

/** The lines and ledgers of up to SNAPSHOT_ORDERS_MAX orders, by order id; those that are known. */
export async function fetchSnapshots(
  { lineItems }: Pick<GroupingsContext, "lineItems">,
  orderIds: readonly string[],
  call: CallOptions,
): Promise<Map<string, LinesSnapshot>> {
  const request = { order_ids: [...orderIds], include_movements: true };
  const { orders, ledgers } = await lineItems.listLineItems(request, call);
  return new Map(
    orders.map((lines, index) => [lines.order_id!, toSnapshot(lines, ledgers[index]!.movements)]),
  );
}

function toSnapshot(lines: OrderLines, movements: Movement[]): LinesSnapshot {
  const { lines_sequence, order_sequence, line_items } = lines;
  return {
    sequence: lines_sequence ?? 0,
    order_sequence: order_sequence ?? 0,
    lines: line_items.map(({ id, sku_id, sku_customer_id, quantity, base_units_per_unit }) => ({
      id: id!,
      sku_id: sku_id!,
      sku_customer_id: sku_customer_id!,
      quantity: quantity!,
      base_units_per_unit: base_units_per_unit ?? 1,
    })),
    movements,
  };
}

const CATCH_UP_MS_MAX = 5_000;
const LOOK_MS = 25;
const EVENTS_MAX = 100;

/**
 * The lines and ledger of an order once they hold everything that had moved its units before the call. Rejects
 * with `DEPENDENCY_UNAVAILABLE` if line-items does not get there in CATCH_UP_MS_MAX.
 */
export async function fetchCaughtUp(
  context: Pick<GroupingsContext, "lineItems" | "orders">,
  orderId: string,
  call: CallOptions,
): Promise<LinesSnapshot | null> {
  const deadline = Math.min(call.deadline, Date.now() + CATCH_UP_MS_MAX);
  let wanted: number | null = null;
  for (;;) {
    const snapshot = (await fetchSnapshots(context, [orderId], call)).get(orderId) ?? null;
    if (snapshot === null) return null;
    wanted ??= await lastMove(context, orderId, snapshot.order_sequence, call);
    if (snapshot.order_sequence >= wanted) return snapshot;
    if (Date.now() + LOOK_MS >= deadline) throw unavailable("the order's ledger has not caught up yet");
    await delay(LOOK_MS);
  }
}

/** The sequence of the order's last event after this one that moved units; 0 if there is none. */
async function lastMove(
  { orders }: Pick<GroupingsContext, "orders">,
  order: string,
  after_sequence: number,
  call: CallOptions,
): Promise<number> {
  const { data, next_cursor } = await orders.listOrderEvents(
    { order, after_sequence, limit: EVENTS_MAX },
    call,
  );
  const moving = data.filter((event) => movesUnits(event.data)).map(({ sequence }) => sequence);
  const later = next_cursor ? await lastMove({ orders }, order, next_cursor, call) : 0;
  return Math.max(0, ...moving, later);
}

function movesUnits(data: string): boolean {
  const { movements } = JSON.parse(data) as { movements?: unknown[] };
  return Array.isArray(movements) && movements.length > 0;
}
