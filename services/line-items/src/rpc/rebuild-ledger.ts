import { DomainError } from "@waybill/errors/domain-error.ts";
import type { RebuildLedgerRequest, RebuildLedgerResponse } from "@waybill/proto/line_items/v1/line_items.ts";
import type { OrderEvent } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { replaceEntries } from "../ledger-store.ts";
import { toEntry } from "../ledger.ts";
import { toOrderLines } from "../order-lines.ts";

const PAGE_EVENTS = 100;
/** More than an order can have: its moves, shorts, shipments, returns and requests are all bounded. */
const EVENTS_MAX = 10_000;

export async function rebuildLedger(
  context: LineItemsContext,
  request: RebuildLedgerRequest,
  call: Call,
): Promise<RebuildLedgerResponse> {
  const orderId = request.order_id!;
  const events = await allEvents(context, orderId, call);
  const entries = events
    .map((event) => toEntry(call.tenantId, orderId, event))
    .filter(({ movements }) => movements.length > 0);
  const order = { tenantId: call.tenantId, orderId, lastSequence: events.at(-1)!.sequence };
  const lines = await replaceEntries(context, order, entries, call.traceparent);
  if (lines === null) throw new DomainError("ORDER_NOT_FOUND");
  return { lines: toOrderLines(lines) };
}

async function allEvents({ orders }: LineItemsContext, order: string, call: Call): Promise<OrderEvent[]> {
  const events: OrderEvent[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const page = await orders.listOrderEvents({ order, after_sequence: after, limit: PAGE_EVENTS }, call);
    events.push(...page.data);
    after = page.next_cursor ?? null;
    if (events[0]?.sequence !== 1 || events.length > EVENTS_MAX) throw new DomainError("HISTORY_INCOMPLETE");
  }
  return events;
}
