import { newId } from "@waybill/mongo/ids.ts";
import type { CreateReturnRequest, CreateReturnResponse } from "@waybill/proto/orders/v1/returns.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { toReturn } from "../return.ts";
import { createStoredReturn } from "../return-store.ts";

export async function createReturn(
  context: OrdersContext,
  request: CreateReturnRequest,
  { tenantId, traceparent }: Call,
): Promise<CreateReturnResponse> {
  const opened = await createStoredReturn(context, { tenantId, id: newId(), traceparent }, request.return!);
  return { return: toReturn(opened) };
}
