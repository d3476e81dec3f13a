import type {
  ListCallbackDeliveriesRequest,
  ListCallbackDeliveriesResponse,
} from "@waybill/proto/callbacks/v1/deliveries.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { findDeliveries, type DeliveryFilter } from "../delivery-list.ts";
import { listTenantCallbacks } from "../delivery-store.ts";
import { toCallbackDelivery } from "../delivery-view.ts";

const LIMIT_DEFAULT = 30;
const cursors = cursorsOf("callback_deliveries/created_at/1", ["string", "string"]);

export async function listCallbackDeliveries(
  context: CallbacksContext,
  request: ListCallbackDeliveriesRequest,
  { tenantId }: Call,
): Promise<ListCallbackDeliveriesResponse> {
  const limit = request.limit ?? LIMIT_DEFAULT;
  const page = { after: cursors.decode(request.cursor), limit: limit + 1 };
  const registrations = await listTenantCallbacks(context, tenantId);
  const filter = filterOf(tenantId, request);
  const found = await findDeliveries(context.deliveries, filter, page, registrations).toArray();
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    limit,
    next_cursor: last && found.length > limit ? cursors.encode([last.created_at, last._id]) : null,
    data: shown.map((delivery) => toCallbackDelivery(delivery, registrations)),
  };
}

function filterOf(tenantId: string, request: ListCallbackDeliveriesRequest): DeliveryFilter {
  return {
    tenantId,
    status: (request.status ?? null) as DeliveryFilter["status"],
    messageType: request.message_type ?? null,
    orderId: request.order_id?.toLowerCase() ?? null,
    callbackId: request.callback_id?.toLowerCase() ?? null,
    from: request.sdt ?? null,
    before: request.edt ?? null,
  };
}
