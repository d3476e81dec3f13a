import { randomUUID } from "node:crypto";
import { insertAggregates } from "@waybill/events/aggregates.ts";
import { outboxCollection } from "@waybill/events/outbox.ts";
import { unavailable } from "@waybill/errors/domain-error.ts";
import { anOrder } from "@waybill/dev-env/records.ts";
import { ensureCollections } from "@waybill/mongo/collections.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { createLog } from "@waybill/process/log.ts";
import { OrderLines, type LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { OrderUpdate } from "@waybill/proto/orders/v1/order_requests.ts";
import type { OrdersContext } from "../src/context.ts";
import type { DecidingContext } from "../src/decide-request.ts";
import type { Status } from "../src/legality.ts";
import { accept, pack, start } from "../src/lifecycle.ts";
import { createOrder, fromStored, ordersCollection, type OrderDocument } from "../src/order.ts";
import { coalescedReading } from "../src/order-with-lines.ts";
import { createRequest, requestsCollection, type RequestKind } from "../src/request.ts";
import { getStoredRequest, insertRequests } from "../src/request-store.ts";
import { updateOrder } from "../src/store.ts";
import type { Db } from "mongodb";
import type { TestNetwork } from "../../../test/network.ts";

const TENANT = "shop";
const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

/** What decides requests, and reads what became of the orders. */
type TestContext = DecidingContext & Pick<OrdersContext, "reading">;

/** Where the next call of line-items ends: as if the process had died there, or with an error nobody foresaw. */
export type CrashPoint = `${"" | "bug-"}${"before" | "after"}-call`;

/**
 * Orders and requests in a database without a relay or a consumer, so that a test decides requests itself, as
 * often and as badly as it likes. Their lines are in the network's line-items service.
 */
export async function openDecisions(network: TestNetwork) {
  const db = network.client.db(`decisions_${randomUUID().slice(0, 8)}`);
  await ensureCollections(db, [ordersCollection, requestsCollection, outboxCollection]);
  const crashes: CrashPoint[] = [];
  const context = contextOf(network, db, crashes);
  return {
    context,
    crashes,
    create: (name: string, lines: LineItem[], status: Status = "open") =>
      createStored(network, context, name, lines, status),
    /** Stores requests in one call, as their handlers do; answers their ids. */
    async ask(kind: RequestKind, order: OrderDocument, records: (OrderUpdate | null)[]): Promise<string[]> {
      const now = new Date().toISOString();
      const named = { id: order._id, customerIdentifier: order.customer_identifier };
      const asked = records.map((record) => ({ id: newId(), kind, order: named, record, traceparent }));
      await insertRequests(
        context,
        asked.map((request) => createRequest(request, TENANT, now)),
      );
      return asked.map(({ id }) => id);
    },
    request: (id: string) => getStoredRequest(context, TENANT, id),
    async order(id: string): Promise<OrderDocument> {
      return fromStored((await context.orders.collection.findOne({ _id: id }))!);
    },
    async lines(orderId: string): Promise<LineItem[]> {
      const call = network.as(TENANT);
      const { orders } = await network.lineItems.listLineItems({ order_ids: [orderId] }, call);
      return orders[0]!.line_items;
    },
    events: (orderId: string) =>
      context.orders.outbox.find({ aggregate_id: orderId }).sort({ sequence: 1 }).toArray(),
  };
}

function contextOf(network: TestNetwork, db: Db, crashes: CrashPoint[]): TestContext {
  const outbox = db.collection(outboxCollection.name) as never;
  const store = (name: string) => ({ client: network.client, collection: db.collection(name), outbox });
  const crashing =
    <Request, Answer>(call: (request: Request, options: never) => Promise<Answer>) =>
    async (request: Request): Promise<Answer> => {
      const crash = crashes.shift();
      if (crash?.endsWith("before-call")) throw crashed(crash);
      const answer = await call(request, network.as(TENANT) as never);
      if (crash !== undefined) throw crashed(crash);
      return answer;
    };
  const context: DecidingContext = {
    orders: store(ordersCollection.name) as never,
    requests: store(requestsCollection.name) as never,
    lineItems: {
      ...network.lineItems,
      replaceLines: crashing(network.lineItems.replaceLines as never),
      sealLines: crashing(network.lineItems.sealLines as never),
    } as never,
    log: createLog("test", "silent"),
    inProcessCancel: { allowed: true, byTenant: new Map() },
  };
  return { ...context, reading: coalescedReading(context) };
}

function crashed(crash: CrashPoint): Error {
  return crash.startsWith("bug-") ? new Error(crash) : unavailable(`crashed ${crash}`);
}

async function createStored(
  network: TestNetwork,
  context: DecidingContext,
  name: string,
  line_items: LineItem[],
  status: Status,
): Promise<OrderDocument> {
  const lineIds = line_items.map(() => newId());
  const candidate = {
    id: newId(),
    customerIdentifier: name,
    fingerprint: name,
    reference: "CO/ABCDEF",
    record: anOrder(name, { line_items }),
    lineIds,
    traceparent,
  };
  const lines = {
    ...OrderLines.decode(new Uint8Array()),
    order_id: candidate.id,
    line_items,
    line_ids: lineIds,
  };
  await network.lineItems.createLineItems({ orders: [lines] }, network.as(TENANT));
  const now = new Date().toISOString();
  const created = createOrder(candidate, { tenantId: TENANT, orderNr: Date.now(), now });
  await insertAggregates(context.orders, [{ ...created, traceparent }]);
  return advance(network, context, created.state, status);
}

async function advance(
  network: TestNetwork,
  context: DecidingContext,
  { _id: order_id }: OrderDocument,
  status: Status,
): Promise<OrderDocument> {
  const moves = ["open", "atWarehouse", "inProcess", "packed"].indexOf(status);
  const { lines } =
    moves > 0 ? await network.lineItems.sealLines({ order_id }, network.as(TENANT)) : { lines: null };
  const rules = [(order: OrderDocument) => accept(order, lines!.line_items), start, pack];
  for (const rule of rules.slice(0, moves)) await moveOrder(context, order_id, rule);
  return fromStored((await context.orders.collection.findOne({ _id: order_id }))!);
}

/** What a warehouse does to an order, without its service. */
export function moveOrder(
  context: DecidingContext,
  name: string,
  rule: Parameters<typeof updateOrder>[2],
): Promise<OrderDocument> {
  const request = { id: `move/${randomUUID()}`, fingerprint: "" };
  return updateOrder(context, { tenantId: TENANT, name, request, traceparent }, rule);
}
