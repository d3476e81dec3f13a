import type {
  GetCallbackDeliveryRequest,
  GetCallbackDeliveryResponse,
} from "@waybill/proto/callbacks/v1/deliveries.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { getStoredDelivery, listStoredAttempts } from "../delivery-store.ts";
import { toCallbackAttempt, toCallbackDelivery } from "../delivery-view.ts";
import { getCallbackDocument } from "../store.ts";

const ATTEMPTS_MAX = 100;

export async function getCallbackDelivery(
  context: CallbacksContext,
  { id }: GetCallbackDeliveryRequest,
  { tenantId }: Call,
): Promise<GetCallbackDeliveryResponse> {
  const delivery = await getStoredDelivery(context, tenantId, id!);
  const registration = await getCallbackDocument(context, delivery.callback_id);
  const attempts = await listStoredAttempts(context, delivery._id, ATTEMPTS_MAX);
  return {
    ...toCallbackDelivery(delivery, registration === null ? [] : [registration]),
    attempts: attempts.map(toCallbackAttempt),
  };
}
