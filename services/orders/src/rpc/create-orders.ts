import type { Outcome } from "@waybill/events/create-once.ts";
import { fingerprint } from "@waybill/events/fingerprint.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { newId } from "@waybill/mongo/ids.ts";
import type { RecordResult } from "@waybill/proto/batch/v1/batch.ts";
import type { CreateOrdersRequest, CreateOrdersResponse, Order } from "@waybill/proto/orders/v1/orders.ts";
import { batchResponse, recordFailed, recordSuccess } from "@waybill/rpc/batch.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { recordRefusal, type OrderCandidate } from "../order.ts";

const CALL_LINES_MAX = 20_000;

export async function createOrders(
  { creation }: OrdersContext,
  { orders }: CreateOrdersRequest,
  call: Call,
): Promise<CreateOrdersResponse> {
  assertLinesBounded(orders);
  const checked = orders.map(
    (record, index) => call.failures.get(index) ?? recordRefusal(record) ?? toCandidate(record, call),
  );
  const candidates = checked.filter((item): item is OrderCandidate => !(item instanceof DomainError));
  const outcomes = candidates.length > 0 ? await creation.submit(call.tenantId, candidates) : [];
  const byCandidate = new Map(candidates.map((candidate, index) => [candidate, outcomes[index]!]));
  const results = checked.map((item, index) => {
    const outcome = item instanceof DomainError ? item : byCandidate.get(item)!;
    return toResult(index, orders[index]!, outcome);
  });
  return batchResponse(results);
}

/** What is stored in one transaction must not hold up everybody else's. */
function assertLinesBounded(orders: readonly Order[]): void {
  const lines = orders.reduce((sum, { line_items }) => sum + line_items.length, 0);
  if (lines <= CALL_LINES_MAX) return;
  throw new DomainError(
    "BODY_TOO_LARGE",
    `one call takes at most ${CALL_LINES_MAX} lines; send fewer orders at once`,
  );
}

function toCandidate(record: Order, { traceparent }: Call): OrderCandidate {
  return {
    id: newId(),
    lineIds: record.line_items.map(() => newId()),
    customerIdentifier: record.customer_identifier!,
    fingerprint: fingerprint(record),
    record,
    traceparent,
  };
}

function toResult(index: number, record: Order, outcome: Outcome): RecordResult {
  const name = record.customer_identifier ?? null;
  return outcome instanceof DomainError
    ? recordFailed(index, name, outcome)
    : recordSuccess(index, outcome.id, name);
}
