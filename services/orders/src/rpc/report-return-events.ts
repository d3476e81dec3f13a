import { newId } from "@waybill/mongo/ids.ts";
import type {
  ReportReturnEventsRequest,
  ReportReturnEventsResponse,
  RmaEvent,
} from "@waybill/proto/orders/v1/sandbox.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { appliedRequest } from "../applied-requests.ts";
import type { OrdersContext } from "../context.ts";
import { settleUnits, type Outcome } from "../return.ts";
import { updateReturn } from "../return-store.ts";
import { sandboxBatch } from "../sandbox.ts";

export function reportReturnEvents(
  context: OrdersContext,
  { events }: ReportReturnEventsRequest,
  call: Call,
): Promise<ReportReturnEventsResponse> {
  const { tenantId, traceparent } = call;
  const settle = ({ return_id, event, items }: RmaEvent) => {
    const request = appliedRequest(event!, `sandbox:${newId()}`, { items });
    const change = { tenantId, id: return_id!, request, traceparent };
    return updateReturn(context, change, (found) => settleUnits(found, event as Outcome, items));
  };
  return sandboxBatch(context, call, events, settle, 1);
}
