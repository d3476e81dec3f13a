import type { Return } from "@waybill/proto/orders/v1/returns.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import { appliedRequest } from "./applied-requests.ts";
import type { OrdersContext } from "./context.ts";
import { settleUnits, toReturn, type Outcome } from "./return.ts";
import { updateReturn } from "./return-store.ts";
import type { NamedUnits } from "./units.ts";

/** A move of a return as its request names it; whatever else the request says is its content. */
interface ReturnMoveRequest {
  id?: string | null | undefined;
  /** Chosen by the caller, unique per move. */
  request_id?: string | null | undefined;
}

/** Says what became of expected units; a repeat with the same request id changes nothing. */
export async function settleReturn(
  context: OrdersContext,
  { id, request_id, ...content }: ReturnMoveRequest,
  { tenantId, traceparent }: CallOptions,
  outcome: Outcome,
  named: readonly NamedUnits[],
): Promise<{ return: Return }> {
  const request = appliedRequest(outcome, request_id!, content);
  const change = { tenantId, id: id!, request, traceparent };
  return {
    return: toReturn(await updateReturn(context, change, (found) => settleUnits(found, outcome, named))),
  };
}
