import type {
  CreateCallbackHoldsRequest,
  CreateCallbackHoldsResponse,
} from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { toCallbackHold } from "../hold.ts";
import { findCallbacksFor, holdTypes, listHoldDocuments } from "../store.ts";

export async function createCallbackHolds(
  context: CallbacksContext,
  { message_types }: CreateCallbackHoldsRequest,
  call: Call,
): Promise<CreateCallbackHoldsResponse> {
  await holdTypes(context, call, message_types);
  const callbacks = await findCallbacksFor(context, [call.tenantId], message_types);
  // Whoever sends looks at them anew, instead of sending what it has claimed.
  context.lookAnew(callbacks.map(({ _id }) => _id));
  return { data: (await listHoldDocuments(context, call.tenantId)).map(toCallbackHold) };
}
