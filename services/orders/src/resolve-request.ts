import { catalogue } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { decideRequest, refuse, type DecidingContext } from "./decide-request.ts";
import type { OrderDocument } from "./order.ts";
import type { RequestDocument, RequestKind } from "./request.ts";
import { getStoredRequest, takeStep } from "./request-store.ts";

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
  if (resolution === "success") await decideRequest(context, tenantId, id);
  else await takeStep(context, request, { ...refuse(simulated), refusal: (order) => failing(order, id) });
  const decided = await getStoredRequest(context, tenantId, id);
  if (decided.status === resolution) return decided;
  const why = decided.reason === null ? "" : `: ${decided.reason}`;
  throw new DomainError("STATUS_FORBIDS", `the request was resolved as ${decided.status}${why}`);
}

const code = "SIMULATED_FAILURE";
const simulated = { code, reason: catalogue[code].title, pointer: null, lostTo: null } as const;

/** An update that has begun is not failed: its lines may be replaced already. */
function failing({ changing }: OrderDocument, requestId: string) {
  if (changing === requestId) throw new DomainError("ORDER_CHANGING");
  return simulated;
}
