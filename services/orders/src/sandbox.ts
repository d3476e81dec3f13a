import { setTimeout as delay } from "node:timers/promises";
import type { Decision } from "@waybill/events/aggregates.ts";
import { DomainError, isConflict, refusalAt } from "@waybill/errors/domain-error.ts";
import type { RecordResult } from "@waybill/proto/batch/v1/batch.ts";
import type { LineCount, Shipment } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { OrderToShip } from "@waybill/proto/orders/v1/sandbox.ts";
import { batchResponse, recordOutcome, type BatchResponse } from "@waybill/rpc/batch.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { appliedRequest } from "./applied-requests.ts";
import type { OrdersContext } from "./context.ts";
import type { Move, Status } from "./legality.ts";
import { deliver, pack, ship, short, start } from "./lifecycle.ts";
import type { OrderDocument } from "./order.ts";
import { acceptOrder } from "./rpc/accept-order.ts";
import { getOrderByCustomerIdentifier, getStoredOrder, updateOrder } from "./store.ts";
import { inProcess, packed, waiting } from "./units.ts";
import { newId } from "@waybill/mongo/ids.ts";

/** A step of the sandbox's warehouse: a move and its rule. */
interface Step {
  move: Move;
  decide: (order: OrderDocument) => Decision<OrderDocument>;
}

const forward: readonly Status[] = ["open", "atWarehouse", "inProcess", "packed", "fulfilled", "delivered"];
// An order takes one step per status, and one per shipment and short; more would be steps that change nothing.
const STEPS_MAX = 100;
const AT_ONCE = 12;
/** How long to leave an order alone that somebody else is changing. */
const PAUSE_MS = 50;

/** Takes an order to `target`, step by step as a warehouse would. Answers it; throws what a step refuses. */
export async function advance(
  context: OrdersContext,
  call: CallOptions,
  customerIdentifier: string,
  target: Status,
): Promise<OrderDocument> {
  return walk(context, call, customerIdentifier, (order) => {
    if (order.status === "canceled") throw new DomainError("STATUS_FORBIDS", "the order is canceled");
    return forward.indexOf(order.status as Status) < forward.indexOf(target) ? plainStep(order) : null;
  });
}

/** Takes an order to fulfilled, with its shorts and number of shipments. */
export async function shipWhole(
  context: OrdersContext,
  call: CallOptions,
  { order_customer_id, shorts, number_of_shipments }: OrderToShip,
): Promise<OrderDocument> {
  return walk(context, call, order_customer_id!, (order) => {
    if (["fulfilled", "delivered", "canceled"].includes(order.status)) return null;
    const step = plainStep(order);
    if (step.move !== "ship") return step;
    assertOnOrder(order, shorts);
    const missing = order.line_counts.filter(
      (line) => shorts.includes(line.sku_customer_id) && line.outstanding > 0,
    );
    if (missing.length > 0)
      return { move: "short", decide: (current) => short(current, missing.map(toShort)) };
    const parcelsLeft = Math.max(1, (number_of_shipments ?? 1) - order.shipments.length);
    const parcel = newParcel();
    const filled = (current: OrderDocument) => nextParcel(parcel, current.line_counts, parcelsLeft);
    return { move: "ship", decide: (current) => ship(current, filled(current), parcel.shipment_id) };
  });
}

/**
 * Answers a batch of the sandbox, a few records at a time, each for itself. Throws `SANDBOX_ONLY` where the
 * sandbox is closed, and what a dependency that is down throws. `work` answers with what it changed; a call that
 * may be one transaction (`Idempotency-Key`) works on one record at a time.
 */
export async function sandboxBatch<RecordType extends object>(
  { sandbox }: OrdersContext,
  { failures }: Call,
  records: readonly RecordType[],
  work: (record: RecordType) => Promise<{ _id: string }>,
  atOnce = AT_ONCE,
): Promise<BatchResponse> {
  if (!sandbox) throw new DomainError("SANDBOX_ONLY");
  const results: RecordResult[] = [];
  for (let from = 0; from < records.length; from += atOnce) {
    const some = records.slice(from, from + atOnce);
    const answers = some.map((record: RecordType & { order_customer_id?: string | null }, at) =>
      recordOutcome(from + at, record.order_customer_id ?? null, failures.get(from + at), async () => {
        const { _id } = await work(record);
        return _id;
      }),
    );
    results.push(...(await Promise.all(answers)));
  }
  return batchResponse(results);
}

/** A parcel as the carrier of the sandbox takes it: with a number of its own, so that it can be reported. */
function newParcel() {
  const shipment_id = newId();
  const tracking_number = `SANDBOX-${shipment_id.replaceAll("-", "").toUpperCase()}`;
  const tracking_url = `https://carrier.example/track/${tracking_number}`;
  return { shipment_id, tracking_number, tracking_url, shipment_line_items: [] };
}

/** The next parcel when the packed units are spread evenly over so many. */
function nextParcel(parcel: Shipment, counts: readonly LineCount[], parcels: number): Shipment {
  let rest = Math.ceil(counts.reduce((sum, line) => sum + packed(line), 0) / parcels);
  const shipment_line_items = counts.flatMap((line) => {
    const quantity = Math.min(packed(line), rest);
    rest -= quantity;
    return quantity > 0 ? [{ order_line_item_id: line.id, quantity }] : [];
  });
  return { ...parcel, shipment_line_items };
}

async function walk(
  context: OrdersContext,
  call: CallOptions,
  customerIdentifier: string,
  next: (order: OrderDocument) => Step | null,
): Promise<OrderDocument> {
  let order = await getOrderByCustomerIdentifier(context, call.tenantId, customerIdentifier);
  for (let steps = 0; steps < STEPS_MAX; steps += 1) {
    const step = next(order);
    if (step === null) return order;
    order = await takeStep(context, call, order, step);
  }
  throw new DomainError("INTERNAL");
}

/** The order after a step; if somebody else moved it meanwhile, as it is then, to decide anew. */
async function takeStep(
  context: OrdersContext,
  call: CallOptions,
  order: OrderDocument,
  step: Step,
): Promise<OrderDocument> {
  try {
    return await moveBy(context, call, order, step);
  } catch (error) {
    if (isConflict(error)) await delay(PAUSE_MS);
    const now = await getStoredOrder(context, call.tenantId, order._id);
    if (now.version === order.version && !isConflict(error)) throw error;
    return now;
  }
}

async function moveBy(
  context: OrdersContext,
  call: CallOptions,
  order: OrderDocument,
  { move, decide }: Step,
): Promise<OrderDocument> {
  const { tenantId, traceparent } = call;
  const requestId = `sandbox:${order.version}`;
  if (order.status === "open") {
    await acceptOrder(context, { order: order._id, request_id: requestId }, call);
    return getStoredOrder(context, tenantId, order._id);
  }
  const request = appliedRequest(move, requestId, {});
  return updateOrder(context, { tenantId, name: order._id, request, traceparent }, decide);
}

/** What a warehouse does next with an order that has been accepted; the first step of an open one is to accept it. */
function plainStep({ status, line_counts }: OrderDocument): Step {
  const parcel = newParcel();
  if (line_counts.some((line) => waiting(line) > 0)) return { move: "start", decide: start };
  if (line_counts.some((line) => inProcess(line) > 0)) return { move: "pack", decide: pack };
  if (status === "packed")
    return { move: "ship", decide: (order) => ship(order, parcel, parcel.shipment_id) };
  return { move: "deliver", decide: deliver };
}

function assertOnOrder({ line_counts }: OrderDocument, skus: readonly string[]): void {
  const onOrder = new Set(line_counts.map(({ sku_customer_id }) => sku_customer_id));
  const unknown = skus.findIndex((sku) => !onOrder.has(sku));
  if (unknown !== -1) throw refusalAt(`/shorts/${unknown}`, "LINE_NOT_FOUND", "is not on the order");
}

function toShort({ id, outstanding }: LineCount) {
  return { order_line_item_id: id, quantity: outstanding, reason: "damage" };
}
