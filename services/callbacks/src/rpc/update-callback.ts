import type { UpdateCallbackRequest, UpdateCallbackResponse } from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { toCallback } from "../callback.ts";
import { changeRegistration } from "../callback-change.ts";
import type { CallbacksContext } from "../context.ts";
import { changeCallbackDocument } from "../store.ts";

export async function updateCallback(
  context: CallbacksContext,
  { id, callback, update_mask }: UpdateCallbackRequest,
  { tenantId, traceparent }: Call,
): Promise<UpdateCallbackResponse> {
  const asked = { change: callback!, mask: update_mask };
  const changing = { seal: context.vault.seal, guard: context.guard };
  const changed = await changeCallbackDocument(context, { tenantId, id: id!, traceparent }, (found, all) =>
    changeRegistration(found, all, asked, changing),
  );
  // Whoever sends looks at the registration anew; what was parked goes out if it is active now.
  context.lookAnew([changed._id]);
  return { callback: toCallback(changed) };
}
