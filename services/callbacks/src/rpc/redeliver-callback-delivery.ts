import { DomainError } from "@waybill/errors/domain-error.ts";
import type {
  RedeliverCallbackDeliveryRequest,
  RedeliverCallbackDeliveryResponse,
} from "@waybill/proto/callbacks/v1/deliveries.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { getStoredDelivery, redeliver } from "../delivery-store.ts";
import { toCallbackDelivery } from "../delivery-view.ts";
import { getCallbackDocument } from "../store.ts";

export async function redeliverCallbackDelivery(
  context: CallbacksContext,
  { id }: RedeliverCallbackDeliveryRequest,
  { tenantId }: Call,
): Promise<RedeliverCallbackDeliveryResponse> {
  const found = await getStoredDelivery(context, tenantId, id!);
  const registration = await getCallbackDocument(context, found.callback_id);
  if (registration === null) throw new DomainError("CALLBACK_NOT_FOUND");
  return { delivery: toCallbackDelivery(await redeliver(context, found), [registration]) };
}
