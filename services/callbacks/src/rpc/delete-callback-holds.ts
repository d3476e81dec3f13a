import type {
  DeleteCallbackHoldsRequest,
  DeleteCallbackHoldsResponse,
} from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { toCallbackHold } from "../hold.ts";
import { findCallbacksFor, liftHolds, listHoldDocuments } from "../store.ts";

export async function deleteCallbackHolds(
  context: CallbacksContext,
  { message_types }: DeleteCallbackHoldsRequest,
  call: Call,
): Promise<DeleteCallbackHoldsResponse> {
  await liftHolds(context, call, message_types);
  const callbacks = await findCallbacksFor(context, [call.tenantId], message_types);
  context.wake(callbacks.map(({ _id }) => _id));
  return { data: (await listHoldDocuments(context, call.tenantId)).map(toCallbackHold) };
}
