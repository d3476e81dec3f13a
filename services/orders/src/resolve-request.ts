import { catalogue } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { updateAggregate } from "@waybill/events/aggregates.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import { decideRequest, refuse, type DecidingContext } from "./decide-request.ts";
import { fromStored, type OrderDocument } from "./order.ts";
import type { RequestDocument, RequestKind } from "./request.ts";
import { findPendingIds, getStoredRequest, takeStep } from "./request-store.ts";

export type Resolution = "success" | "failure";

/**
 * Has a request decided now, as its command would, or fails it if it is pending still. Answers the request.
 * Throws `REQUEST_NOT_FOUND`, `ORDER_CHANGING` where it is too late to fail it, and `STATUS_FORBIDS` if it
 * was resolved the other way.
 */
export async function resolveAs(
  context: DecidingContext,
  tenantId: string,
  kind: RequestKind,
  id: string,
  resolution: Resolution,
): Promise<RequestDocument> {
  const request = await getStoredRequest(context, tenantId, id, kind);
  if (resolution === "success") await decideRequest(context, tenantId, id, true);
  else await takeStep(context, request, { ...refuse(simulated), refusal: (order) => failing(order, id) });
  const decided = await getStoredRequest(context, tenantId, id);
  if (decided.status === resolution) return decided;
  const why = decided.reason === null ? "" : `: ${decided.reason}`;
  throw new DomainError("STATUS_FORBIDS", `the request was resolved as ${decided.status}${why}`);
}

/**
 * Has the requests of an order stay pending, or decides them again, those that are pending first. Answers the
 * order. Throws `ORDER_NOT_FOUND`.
 */
export async function holdRequests(
  context: DecidingContext,
  { tenantId, traceparent }: Pick<CallOptions, "tenantId" | "traceparent">,
  customerIdentifier: string,
  held: boolean,
): Promise<OrderDocument> {
  const named = { tenant_id: tenantId, customer_identifier: customerIdentifier };
  const hold = (order: OrderDocument) => {
    const isSo = fromStored(order).requests_held === held;
    return { state: isSo ? order : { ...order, requests_held: held }, events: [] };
  };
  const order = await updateAggregate(context.orders, named, hold, traceparent);
  if (order === null) throw new DomainError("ORDER_NOT_FOUND");
  if (!held)
    for (const id of await findPendingIds(context, tenantId, order._id))
      await decideRequest(context, tenantId, id);
  return order;
}

const code = "SIMULATED_FAILURE";
const simulated = { code, reason: catalogue[code].title, pointer: null, lostTo: null } as const;

/** An update that has begun is not failed: its lines may be replaced already. */
function failing({ changing }: OrderDocument, requestId: string) {
  if (changing === requestId) throw new DomainError("ORDER_CHANGING");
  return simulated;
}
