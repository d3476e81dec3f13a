import { createOnce, type Candidate, type Creator, type Outcome } from "@waybill/events/create-once.ts";
import { DomainError, refusalOf } from "@waybill/errors/domain-error.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { errorFacts } from "@waybill/process/log.ts";
import type { RecordResult } from "@waybill/proto/batch/v1/batch.ts";
import type {
  CreateOrderCancelRequestsRequest,
  CreateOrderCancelRequestsResponse,
  OrderCancel,
} from "@waybill/proto/orders/v1/order_requests.ts";
import { batchResponse, recordFailed, recordSuccess } from "@waybill/rpc/batch.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { createRequest, type NewRequest } from "../request.ts";
import { findCancelRequests, findOrderIdsByName, insertRequests } from "../request-store.ts";

/** A cancel that is asked for: a request id is one request, of one order. */
interface CancelCandidate extends Candidate {
  request: NewRequest;
}

/** First what is new, then what is looked up: a record may ask for what another record of the call has made. */
export async function createOrderCancelRequests(
  context: OrdersContext,
  { requests }: CreateOrderCancelRequestsRequest,
  call: Call,
): Promise<CreateOrderCancelRequestsResponse> {
  const refused = requests.map((record, index) => call.failures.get(index) ?? formRefusal(record));
  const sound = requests.filter((_, index) => refused[index] === null);
  const made = await askForCancels(context, sound, call);
  const known = await lookUp(context, sound, call);
  const results = requests.map((record, index) => {
    const outcome = refused[index] ?? made.get(record) ?? known.get(record.order_cancel_request_id!);
    return toResult(index, record, outcome ?? new DomainError("REQUEST_NOT_FOUND"));
  });
  return batchResponse(results);
}

function formRefusal({ customer_identifier, order_cancel_request_id }: OrderCancel): DomainError | null {
  if (customer_identifier || order_cancel_request_id) return null;
  const detail = "customer_identifier is required, or order_cancel_request_id";
  return refusalOf("/customer_identifier", "REQUIRED", detail);
}

/** The outcome of each record that names an order. */
async function askForCancels(
  context: OrdersContext,
  records: readonly OrderCancel[],
  call: Call,
): Promise<Map<OrderCancel, Outcome>> {
  const named = records.filter(({ customer_identifier }) => customer_identifier);
  const names = named.map(({ customer_identifier }) => customer_identifier!);
  const orderIds = await findOrderIdsByName(context, call.tenantId, names);
  const asked = named.map((record) => [record, toCandidate(record, orderIds, call)] as const);
  const candidates = asked.flatMap(([, candidate]) => candidate ?? []);
  const outcomes = await createOnce(requestCreator(context, call), candidates);
  return new Map(
    asked.map(([record, candidate]) => [
      record,
      candidate === null ? new DomainError("ORDER_NOT_FOUND") : orTaken(outcomes.get(candidate)!),
    ]),
  );
}

function toCandidate(
  { customer_identifier, order_cancel_request_id }: OrderCancel,
  orderIds: ReadonlyMap<string, string>,
  { traceparent }: Call,
): CancelCandidate | null {
  const orderId = orderIds.get(customer_identifier!);
  if (orderId === undefined) return null;
  const id = order_cancel_request_id ?? newId();
  const order = { id: orderId, customerIdentifier: customer_identifier! };
  const request: NewRequest = { id, kind: "cancel", order, record: null, traceparent };
  return { id, customerIdentifier: id, fingerprint: orderId, request };
}

function requestCreator(context: OrdersContext, { tenantId }: Call): Creator<CancelCandidate> {
  return {
    async findWinners(ids) {
      const found = await findCancelRequests(context, tenantId, ids);
      return found.map(({ _id: id, order_id }) => ({ id, customerIdentifier: id, fingerprint: order_id }));
    },
    prepare: async () => new Map(),
    async commit(candidates) {
      const now = new Date().toISOString();
      await insertRequests(
        context,
        candidates.map(({ request }) => createRequest(request, tenantId, now)),
      );
    },
    fault: (error) =>
      context.log.error({ tenant_id: tenantId, ...errorFacts(error) }, "requests.create_fault"),
    duplicate: () => new DomainError("DUPLICATE_REQUEST"),
  };
}

/** The id is that of something else, such as of an order or an update request: nobody finds it under it. */
function orTaken(outcome: Outcome): Outcome {
  const taken = outcome instanceof DomainError && outcome.code === "CONFLICT";
  return taken ? new DomainError("DUPLICATE_REQUEST") : outcome;
}

/** The requests that records name by their id alone. */
async function lookUp(context: OrdersContext, records: readonly OrderCancel[], { tenantId }: Call) {
  const ids = records
    .filter(({ customer_identifier }) => !customer_identifier)
    .map(({ order_cancel_request_id }) => order_cancel_request_id!);
  const found = ids.length > 0 ? await findCancelRequests(context, tenantId, ids) : [];
  return new Map(found.map(({ _id: id, customer_identifier }) => [id, { id, customer_identifier }]));
}

function toResult(
  index: number,
  record: OrderCancel,
  outcome: (Outcome & { customer_identifier?: string }) | DomainError,
): RecordResult {
  const name = record.customer_identifier ?? null;
  if (outcome instanceof DomainError) return recordFailed(index, name, outcome);
  return recordSuccess(index, outcome.id, outcome.customer_identifier ?? name);
}
