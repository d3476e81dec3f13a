import type { ListOrderEventsRequest, ListOrderEventsResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { readPage } from "@waybill/rpc/page.ts";
import type { OrdersContext } from "../context.ts";
import { standingView } from "../order-view.ts";
import { listEventRows, viewStoredOrder } from "../store.ts";

export async function listOrderEvents(
  context: OrdersContext,
  request: ListOrderEventsRequest,
  { tenantId }: Call,
): Promise<ListOrderEventsResponse> {
  const order = await viewStoredOrder(context, tenantId, request.order!, standingView);
  const { elements, last } = await readPage({ limit: request.limit }, ({ limit }) =>
    listEventRows(context, tenantId, order._id, request.after_sequence ?? 0, limit),
  );
  return {
    data: elements.map(({ _id, sequence, type, time, message_type, data }) => ({
      id: _id,
      sequence,
      type,
      time,
      message_type,
      data,
    })),
    next_cursor: last && last.sequence,
  };
}
