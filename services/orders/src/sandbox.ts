import type { Decision } from "@waybill/events/aggregates.ts";
import { catalogue } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { RecordResult } from "@waybill/proto/batch/v1/batch.ts";
import type { LineCount, Shipment } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { OrderToShip } from "@waybill/proto/orders/v1/sandbox.ts";
import { batchResponse, recordFailed, recordSuccess, type BatchResponse } from "@waybill/rpc/batch.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "./context.ts";
import { moveOrder } from "./fulfillment.ts";
import { deliver, pack, ship, short, start, type Move, type Status } from "./lifecycle.ts";
import type { OrderDocument } from "./order.ts";
import { acceptOrder } from "./rpc/accept-order.ts";
import { getOrderByCustomerIdentifier, getStoredOrder } from "./store.ts";
import { newId } from "@waybill/mongo/ids.ts";

/** A step of the sandbox's warehouse: a move and its rule. */
interface Step {
  move: Move;
  decide: (order: OrderDocument) => Decision<OrderDocument>;
}

const forward: readonly Status[] = ["open", "atWarehouse", "inProcess", "packed", "fulfilled", "delivered"];
// An order takes one step per status, and one per shipment and short; more would be a step that changes nothing.
const STEPS_MAX = 100;
const AT_ONCE = 8;

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
    if (order.status !== "packed") return plainStep(order);
    assertOnOrder(order, shorts);
    const missing = order.line_counts.filter(
      (line) => shorts.includes(line.sku_customer_id) && line.outstanding > 0,
    );
    if (missing.length > 0)
      return { move: "short", decide: (current) => short(current, missing.map(toShort)) };
    const parcelsLeft = Math.max(1, (number_of_shipments ?? 1) - order.shipments.length);
    const shipmentId = newId();
    const parcel = (current: OrderDocument) => nextParcel(current.line_counts, parcelsLeft);
    return { move: "ship", decide: (current) => ship(current, parcel(current), shipmentId) };
  });
}

/**
 * Answers a batch of the sandbox, a few orders at a time, each for itself. Throws `SANDBOX_ONLY` where the
 * sandbox is closed, and what a dependency that is down throws.
 */
export async function sandboxBatch<RecordType extends { order_customer_id?: string | null | undefined }>(
  { sandbox }: OrdersContext,
  { failures }: Call,
  records: readonly RecordType[],
  work: (record: RecordType) => Promise<OrderDocument>,
): Promise<BatchResponse> {
  if (!sandbox) throw new DomainError("SANDBOX_ONLY");
  const results: RecordResult[] = [];
  for (let from = 0; from < records.length; from += AT_ONCE) {
    const some = records.slice(from, from + AT_ONCE);
    const answers = some.map((record, at) => resultOf(from + at, record, failures.get(from + at), work));
    results.push(...(await Promise.all(answers)));
  }
  return batchResponse(results);
}

async function resultOf<RecordType extends { order_customer_id?: string | null | undefined }>(
  index: number,
  record: RecordType,
  failure: DomainError | undefined,
  work: (record: RecordType) => Promise<OrderDocument>,
): Promise<RecordResult> {
  const name = record.order_customer_id ?? null;
  if (failure) return recordFailed(index, name, failure);
  try {
    return recordSuccess(index, (await work(record))._id, name);
  } catch (error) {
    if (error instanceof DomainError && catalogue[error.code].http < 500)
      return recordFailed(index, name, error);
    throw error;
  }
}

/** The next parcel when the outstanding units are spread evenly over so many. */
export function nextParcel(counts: readonly LineCount[], parcels: number): Shipment {
  const outstanding = counts.reduce((sum, line) => sum + line.outstanding, 0);
  let rest = Math.ceil(outstanding / parcels);
  const shipment_line_items = counts.flatMap(({ sku_customer_id, outstanding: units }) => {
    const quantity = Math.min(units, rest);
    rest -= quantity;
    return quantity > 0 ? [{ sku_customer_id, quantity }] : [];
  });
  return { shipment_line_items };
}

async function walk(
  context: OrdersContext,
  call: CallOptions,
  customerIdentifier: string,
  next: (order: OrderDocument) => Step | null,
): Promise<OrderDocument> {
  for (let steps = 0; steps < STEPS_MAX; steps += 1) {
    const order = await getOrderByCustomerIdentifier(context, call.tenantId, customerIdentifier);
    const step = next(order);
    if (step === null) return order;
    await takeStep(context, call, order, step);
  }
  throw new DomainError("INTERNAL");
}

/** Takes a step, unless somebody else moved the order meanwhile: then the next look decides anew. */
async function takeStep(
  context: OrdersContext,
  call: CallOptions,
  order: OrderDocument,
  { move, decide }: Step,
): Promise<void> {
  const request = { order: order._id, request_id: `sandbox:${order.version}` };
  try {
    if (order.status === "open") await acceptOrder(context, request, call);
    else await moveOrder(context, request, call, move, decide);
  } catch (error) {
    const { version } = await getStoredOrder(context, call.tenantId, order._id);
    if (version === order.version) throw error;
  }
}

function plainStep({ status }: OrderDocument): Step {
  const shipmentId = newId();
  if (status === "inProcess") return { move: "pack", decide: pack };
  if (status === "packed") return { move: "ship", decide: (order) => ship(order, null, shipmentId) };
  if (status === "fulfilled") return { move: "deliver", decide: deliver };
  return { move: "start", decide: start };
}

function assertOnOrder({ line_counts }: OrderDocument, skus: readonly string[]): void {
  const unknown = skus.findIndex(
    (sku) => !line_counts.some(({ sku_customer_id }) => sku_customer_id === sku),
  );
  if (unknown === -1) return;
  const place = {
    pointer: `/shorts/${unknown}`,
    code: "LINE_NOT_FOUND",
    detail: "is not on the order",
  } as const;
  throw new DomainError("LINE_NOT_FOUND", undefined, { violations: [place] });
}

function toShort({ sku_customer_id, outstanding }: LineCount) {
  return { sku_customer_id, quantity: outstanding, reason: "damage" };
}
