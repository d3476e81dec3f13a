import type { ListOrderEventsRequest, ListOrderEventsResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { getStoredOrder, listEventRows } from "../store.ts";

const LIMIT_DEFAULT = 30;

export async function listOrderEvents(
  context: OrdersContext,
  request: ListOrderEventsRequest,
  { tenantId }: Call,
): Promise<ListOrderEventsResponse> {
  const order = await getStoredOrder(context, tenantId, request.order!);
  const limit = request.limit ?? LIMIT_DEFAULT;
  const rows = await listEventRows(context, tenantId, order._id, request.after_sequence ?? 0, limit + 1);
  const page = rows.slice(0, limit);
  return {
    data: page.map(({ _id, sequence, type, time, message_type, data }) => ({
      id: _id,
      sequence,
      type,
      time,
      message_type,
      data,
    })),
    next_cursor: rows.length > limit ? page.at(-1)!.sequence : null,
  };
}
