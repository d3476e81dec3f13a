import type {
  ListCallbackHoldsRequest,
  ListCallbackHoldsResponse,
} from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { toCallbackHold } from "../hold.ts";
import { listHoldDocuments } from "../store.ts";

export async function listCallbackHolds(
  context: CallbacksContext,
  { message_type }: ListCallbackHoldsRequest,
  { tenantId }: Call,
): Promise<ListCallbackHoldsResponse> {
  return { data: (await listHoldDocuments(context, tenantId, message_type)).map(toCallbackHold) };
}
