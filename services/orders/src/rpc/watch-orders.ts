import { OUTBOX_KEPT_MS, type OutboxRow } from "@waybill/events/outbox.ts";
import {
  outboxEnd,
  readOutbox,
  type OutboxBatch,
  type OutboxPosition,
} from "@waybill/events/relay/outbox-stream.ts";
import { topics } from "@waybill/events/topics.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { timeOfId } from "@waybill/mongo/ids.ts";
import type {
  WatchedEvent,
  WatchOrdersRequest,
  WatchOrdersResponse,
} from "@waybill/proto/orders/v1/fulfillment.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { StreamCall } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { standingView } from "../order-view.ts";
import { viewStoredOrder } from "../store.ts";

/** Small, because each watcher holds a batch while its reader takes its time. */
const BATCH_ROWS_MAX = 100;
const HEARTBEAT_MS = 5_000;
const tokens = cursorsOf("orders/watch/1", ["string", "integer"], "resume_token");

/** Reads the outbox as a relay does, in commit order. */
export async function* watchOrders(
  context: OrdersContext,
  request: WatchOrdersRequest,
  { tenantId, signal }: StreamCall,
): AsyncGenerator<WatchOrdersResponse> {
  using _place = context.watchers.enter();
  const { client, outbox } = context.orders;
  const db = client.db(outbox.dbName);
  const isWanted = await selection(context, request, tenantId);
  const from = fromToken(request.resume_token) ?? (await outboxEnd(db));
  yield { resume_token: toToken(from), event: null };
  // A token's own event must match when the stream goes on behind it: what is wanted is chosen here.
  const match = { tenant_id: tenantId, topic: topics.orders };
  const source = { client, db, match, rowsMax: BATCH_ROWS_MAX, exact: true };
  let sentAt = performance.now();
  for await (const batch of readOutbox(source, from, signal)) {
    const events = batch.rows
      .map((row, index) => ({ row, resume_token: toToken(behindRow(batch, index)) }))
      .filter(({ row }) => isWanted(row));
    for (const { row, resume_token } of events) yield { resume_token, event: toEvent(row) };
    if (events.length === 0 && performance.now() - sentAt < HEARTBEAT_MS) continue;
    if (events.length === 0) yield { resume_token: toToken(batch), event: null };
    sentAt = performance.now();
  }
}

/** Which events the request asks for. Throws `ORDER_NOT_FOUND`. */
async function selection(
  context: OrdersContext,
  { order, statuses }: WatchOrdersRequest,
  tenantId: string,
): Promise<(row: OutboxRow) => boolean> {
  const orderId = order ? (await viewStoredOrder(context, tenantId, order, standingView))._id : null;
  return (row) =>
    (orderId === null || row.aggregate_id === orderId) && (statuses.length === 0 || leavesIn(row, statuses));
}

function leavesIn({ type, data }: OutboxRow, statuses: readonly string[]): boolean {
  return (
    type.startsWith("waybill.order.") && statuses.includes((JSON.parse(data) as { status: string }).status)
  );
}

/** During a rescan only a row's time is known. */
function behindRow({ rows, tokens: behind, publishedTo }: OutboxBatch, index: number): OutboxPosition {
  const token = behind[index] ?? null;
  return { token, publishedTo: token === null ? new Date(timeOfId(rows[index]!._id)) : publishedTo };
}

/** An empty token stands for a position of which only the time is known. */
function toToken({ token, publishedTo }: OutboxPosition): string {
  return tokens.encode([token ?? "", publishedTo.getTime()]);
}

function fromToken(text: string | null | undefined): OutboxPosition | null {
  const keys = tokens.decode(text);
  if (keys === null) return null;
  const [token, atMs] = keys;
  if (atMs < Date.now() - OUTBOX_KEPT_MS) throw new DomainError("RESUME_TOKEN_EXPIRED");
  return { token: token === "" ? null : token, publishedTo: new Date(atMs) };
}

function toEvent(row: OutboxRow): WatchedEvent {
  return {
    order_id: row.aggregate_id,
    id: row._id,
    sequence: row.sequence,
    type: row.type,
    time: row.time,
    message_type: row.message_type,
    data: row.data,
  };
}
