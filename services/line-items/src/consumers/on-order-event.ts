import { applyOnce, type AppliedStore, type FreshEvent } from "@waybill/events/consumer/applied.ts";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import type { ClientSession } from "mongodb";
import { followMovements } from "../stock/booking.ts";
import type { LineItemsContext } from "../context.ts";
import { addEntry } from "../ledger-store.ts";
import { toEntry } from "../ledger.ts";
import { confirmOrders } from "../stock/allocation-store.ts";
import type { Bookings, AllocationDocument } from "../stock/allocation.ts";

/**
 * Has the stock and the ledger follow the units that orders moved: an entry of each event that moves some,
 * once. An order that was created may wait for stock from now on.
 */
export async function onOrderEvents(
  context: LineItemsContext,
  applied: AppliedStore,
  events: readonly ConsumedEvent[],
): Promise<void> {
  let mayOffer = false;
  await applyOnce(applied, events, async (fresh, session) => {
    const stocks = new Map<string, AllocationDocument>();
    for (const [tenantId, own] of Map.groupBy(fresh, (event) => event.tenantId)) {
      const followed = await followStock(context, tenantId, own, session);
      for (const [orderId, stock] of followed) stocks.set(orderId, stock);
    }
    mayOffer = stocks.size > 0;
    for (const event of fresh) {
      const entry = toEntry(event.tenantId, event.aggregateId, event);
      const stock = stocks.get(event.aggregateId) ?? null;
      if (entry.movements.length > 0) await addEntry(context, entry, stock, event.traceparent, session);
    }
  });
  if (mayOffer) context.bell.emit("ring");
}

/** What the orders that moved units, or were created, have of the stock afterwards. */
async function followStock(
  context: LineItemsContext,
  tenantId: string,
  events: readonly FreshEvent[],
  session: ClientSession,
): Promise<Bookings> {
  const created = events.filter(({ type }) => type === "waybill.order.created.v1");
  const createdIds = created.map(({ aggregateId }) => aggregateId);
  const confirmed =
    createdIds.length > 0 ? await confirmOrders(context, tenantId, createdIds, session) : new Map();
  const moved = events
    .map((event) => toEntry(tenantId, event.aggregateId, event))
    .filter(({ movements }) => movements.length > 0)
    .map(({ order_id, movements }) => ({ orderId: order_id, movements }));
  if (moved.length === 0) return confirmed;
  const followed = await followMovements(context, tenantId, moved, events[0]!.traceparent, session);
  return new Map([...confirmed, ...followed]);
}
