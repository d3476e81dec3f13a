import type {
  ListCallbackDeliveriesRequest,
  ListCallbackDeliveriesResponse,
} from "@waybill/proto/callbacks/v1/deliveries.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { readPage } from "@waybill/rpc/page.ts";
import type { CallbacksContext } from "../context.ts";
import { findDeliveries, type DeliveryFilter } from "../delivery-list.ts";
import { toCallbackDelivery } from "../delivery-view.ts";
import { listTenantCallbacks } from "../store.ts";

const cursors = cursorsOf("callback_deliveries/created_at/1", ["string", "string"]);

export async function listCallbackDeliveries(
  context: CallbacksContext,
  request: ListCallbackDeliveriesRequest,
  { tenantId }: Call,
): Promise<ListCallbackDeliveriesResponse> {
  const after = cursors.decode(request.cursor);
  const registrations = await listTenantCallbacks(context, tenantId);
  const filter = filterOf(tenantId, request);
  const { limit, elements, last } = await readPage({ limit: request.limit }, (page) =>
    findDeliveries(context.deliveries, filter, { after, limit: page.limit }, registrations).toArray(),
  );
  return {
    limit,
    next_cursor: last && cursors.encode([last.created_at, last._id]),
    data: elements.map((delivery) => toCallbackDelivery(delivery, registrations)),
  };
}

function filterOf(tenantId: string, request: ListCallbackDeliveriesRequest): DeliveryFilter {
  return {
    tenantId,
    status: (request.status ?? null) as DeliveryFilter["status"],
    messageType: request.message_type ?? null,
    orderId: request.order_id ?? null,
    callbackId: request.callback_id ?? null,
    from: request.sdt ?? null,
    before: request.edt ?? null,
  };
}
