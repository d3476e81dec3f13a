import type {
  RotateCallbackSecretRequest,
  RotateCallbackSecretResponse,
} from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { rotateSecret } from "../callback-change.ts";
import type { CallbacksContext } from "../context.ts";
import { newSigningSecret } from "../secrets.ts";
import { changeCallbackDocument } from "../store.ts";

export async function rotateCallbackSecret(
  context: CallbacksContext,
  { id }: RotateCallbackSecretRequest,
  { tenantId, traceparent }: Call,
): Promise<RotateCallbackSecretResponse> {
  const secret = newSigningSecret();
  const changed = await changeCallbackDocument(context, { tenantId, id: id!, traceparent }, (found) =>
    rotateSecret(found, context.vault.seal(secret, found._id), Date.now()),
  );
  context.lookAnew([changed._id]);
  return { system_id: changed._id, secret, previous_until: changed.retired_secrets[0]!.until };
}
