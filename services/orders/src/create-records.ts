import type { Rehearsal } from "@waybill/events/create-all.ts";
import { fingerprint } from "@waybill/events/fingerprint.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { newId, newReference } from "@waybill/mongo/ids.ts";
import type { RecordResult } from "@waybill/proto/batch/v1/batch.ts";
import type { CreateOrdersResponse, Order } from "@waybill/proto/orders/v1/orders.ts";
import { batchResponse, recordFailed, recordSuccess } from "@waybill/rpc/batch.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { addressWarnings } from "./address-warnings.ts";
import type { OrdersContext } from "./context.ts";
import { rehearseCreation, type PlannedOutcome } from "./creation.ts";
import { assertLinesBounded, recordRefusal, type OrderCandidate } from "./order.ts";

/** How the records of one call hang together: see `mode` of CreateOrdersRequest. */
export type Mode = "partial" | "atomic" | "validate_only";

/**
 * Creates orders of the records of a call and answers for each; `traceparents` has that of each record which has
 * one of its own. Throws `BODY_TOO_LARGE`.
 */
export async function createRecords(
  context: OrdersContext,
  records: readonly Order[],
  call: Call,
  mode: Mode,
  traceparents: readonly string[] = [],
): Promise<CreateOrdersResponse> {
  assertLinesBounded(records);
  const checked = records.map(
    (record, index) =>
      call.failures.get(index) ??
      recordRefusal(record) ??
      toCandidate(record, traceparents[index] ?? call.traceparent),
  );
  const planned = await outcomesOf(context, call.tenantId, checked, mode);
  const results = planned.map(({ outcome }, index) => toResult(index, records[index]!, outcome));
  const plans = planned.flatMap(({ plan }, index) => (plan === null ? [] : [{ index, allocation: plan }]));
  return { ...batchResponse(results), plans };
}

function toCandidate(record: Order, traceparent: string): OrderCandidate {
  return {
    id: newId(),
    lineIds: record.line_items.map(() => newId()),
    reference: newReference("CO"),
    customerIdentifier: record.customer_identifier!,
    fingerprint: fingerprint(record),
    record,
    traceparent,
  };
}

/** The outcome of each record, in their order, with its plan if nothing was to be stored. */
async function outcomesOf(
  context: OrdersContext,
  tenantId: string,
  checked: readonly (OrderCandidate | DomainError)[],
  mode: Mode,
): Promise<PlannedOutcome[]> {
  const candidates = checked.filter((item): item is OrderCandidate => !(item instanceof DomainError));
  const doomed = mode === "atomic" && candidates.length < checked.length;
  const answered = await createBy(context, tenantId, candidates, doomed ? "validate_only" : mode);
  const byCandidate = new Map(candidates.map((candidate, index) => [candidate, answered[index]!]));
  const outcomes = checked.map((item) =>
    item instanceof DomainError ? withoutPlan(item) : byCandidate.get(item)!,
  );
  return doomed ? outcomes.map(({ outcome }) => withoutPlan(orAborted(outcome))) : outcomes;
}

async function createBy(
  context: OrdersContext,
  tenantId: string,
  candidates: readonly OrderCandidate[],
  mode: Mode,
): Promise<PlannedOutcome[]> {
  if (candidates.length === 0) return [];
  if (mode === "validate_only") return rehearseCreation(context, tenantId, candidates);
  const creation = mode === "atomic" ? context.atomicCreation : context.creation;
  return (await creation.submit(tenantId, candidates)).map(withoutPlan);
}

function withoutPlan(outcome: Rehearsal): PlannedOutcome {
  return { outcome, plan: null };
}

function orAborted(outcome: Rehearsal): DomainError {
  return outcome instanceof DomainError ? outcome : new DomainError("ATOMIC_ABORTED");
}

function toResult(index: number, record: Order, outcome: Rehearsal): RecordResult {
  const name = record.customer_identifier ?? null;
  return outcome instanceof DomainError
    ? recordFailed(index, name, outcome)
    : recordSuccess(index, outcome.id, name, addressWarnings(record));
}
