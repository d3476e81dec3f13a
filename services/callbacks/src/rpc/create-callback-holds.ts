import type {
  CreateCallbackHoldsRequest,
  CreateCallbackHoldsResponse,
} from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { toCallbackHold } from "../hold.ts";
import { holdTypes, listHoldDocuments } from "../store.ts";

export async function createCallbackHolds(
  context: CallbacksContext,
  { message_types }: CreateCallbackHoldsRequest,
  { tenantId }: Call,
): Promise<CreateCallbackHoldsResponse> {
  await holdTypes(context, tenantId, message_types);
  return { data: (await listHoldDocuments(context, tenantId)).map(toCallbackHold) };
}
