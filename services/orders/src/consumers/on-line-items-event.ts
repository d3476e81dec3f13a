import { changeAggregate } from "@waybill/events/aggregates.ts";
import { applyOnce, type AppliedStore, type FreshEvent } from "@waybill/events/consumer/applied.ts";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import type { LineItemsEventData } from "@waybill/proto/line_items/v1/line_items.ts";
import type { ClientSession } from "mongodb";
import { followStock } from "../backorder.ts";
import type { OrdersContext } from "../context.ts";
import { fromStored } from "../order.ts";
import { findBackordered } from "../store.ts";

/** What an event says about the stock of one order. */
interface StockEvent {
  event: FreshEvent;
  data: LineItemsEventData;
}

/** Has orders follow whether their lines wait for stock, and what was shorted for want of it. */
export async function onLineItemsEvents(
  context: Pick<OrdersContext, "orders">,
  applied: AppliedStore,
  events: readonly ConsumedEvent[],
): Promise<void> {
  await applyOnce(applied, events, async (fresh, session) => {
    const told = fresh
      .filter(({ type }) => type.startsWith("waybill.line_items."))
      .map((event) => ({ event, data: JSON.parse(event.data) as LineItemsEventData }));
    for (const one of await relevant(context, told, session)) await follow(context, one, session);
  });
}

/** Most events say of orders that wait for nothing that they wait for nothing: one query finds the others. */
async function relevant(
  context: Pick<OrdersContext, "orders">,
  told: readonly StockEvent[],
  session: ClientSession,
): Promise<StockEvent[]> {
  if (told.length === 0) return [];
  const ids = [...new Set(told.map(({ data }) => data.order_id))];
  const waiting = await findBackordered(context, ids, session);
  return told.filter(({ data }) => data.backordered || data.shorts?.length > 0 || waiting.has(data.order_id));
}

async function follow(
  { orders }: Pick<OrdersContext, "orders">,
  { event: { tenantId, traceparent }, data }: StockEvent,
  session: ClientSession,
): Promise<void> {
  const facts = {
    cause: data.cause,
    backordered: data.backordered,
    shorts: data.shorts,
    linesRevision: data.lines_revision,
    lineIds: data.lines.map(({ id }) => id!),
  };
  await changeAggregate(
    orders,
    { _id: data.order_id, tenant_id: tenantId },
    (order) => {
      const { state, events } = followStock(fromStored(order), facts);
      return events.length === 0 ? { state: order, events } : { state, events };
    },
    traceparent,
    session,
  );
}
