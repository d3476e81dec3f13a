import { setTimeout as delay } from "node:timers/promises";
import { unavailable } from "@waybill/errors/domain-error.ts";
import type { OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { GroupingsContext } from "./context.ts";
import type { LinesSnapshot } from "./grouping.ts";

/** Where lines and ledgers come from. */
type LinesSource = Pick<GroupingsContext, "lineItems">;

/**
 * The lines and ledgers of up to a hundred orders, those that are known, each with its order's id. They come in
 * as many calls as their number takes, the next one once the orders of the last are done with.
 */
export async function* fetchSnapshots(
  source: LinesSource,
  orderIds: readonly string[],
  call: CallOptions,
): AsyncGenerator<[orderId: string, snapshot: LinesSnapshot]> {
  for (let left = orderIds; left.length > 0;) {
    const { snapshots, unanswered } = await askForSnapshots(source, left, call);
    yield* snapshots;
    left = unanswered;
  }
}

/** The lines and ledger of an order; null if it is not known. */
export async function fetchSnapshot(
  source: LinesSource,
  orderId: string,
  call: CallOptions,
): Promise<LinesSnapshot | null> {
  const { snapshots } = await askForSnapshots(source, [orderId], call);
  return snapshots[0]?.[1] ?? null;
}

/** Those of the first of these orders; `unanswered` are those that there was no room for. */
async function askForSnapshots({ lineItems }: LinesSource, orderIds: readonly string[], call: CallOptions) {
  const request = { order_ids: [...orderIds], include_movements: true };
  const { orders, ledgers, unanswered } = await lineItems.listLineItems(request, call);
  const snapshots = orders.map((lines, index): [string, LinesSnapshot] => [
    lines.order_id!,
    toSnapshot(lines, ledgers[index]!.movements),
  ]);
  return { snapshots, unanswered };
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
    const snapshot = await fetchSnapshot(context, orderId, call);
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
