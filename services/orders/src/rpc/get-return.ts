import type { GetReturnRequest, GetReturnResponse } from "@waybill/proto/orders/v1/returns.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { toReturn } from "../return.ts";
import { getStoredReturn } from "../return-store.ts";

export async function getReturn(
  context: OrdersContext,
  { id }: GetReturnRequest,
  { tenantId }: Call,
): Promise<GetReturnResponse> {
  return { return: toReturn(await getStoredReturn(context, tenantId, id!)) };
}
