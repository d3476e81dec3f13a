import type { ListReturnsRequest, ListReturnsResponse } from "@waybill/proto/orders/v1/returns.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { readPage } from "@waybill/rpc/page.ts";
import type { OrdersContext } from "../context.ts";
import { toReturn, type ReturnDocument } from "../return.ts";
import { countStoredReturns, listStoredReturns } from "../return-store.ts";

const cursors = cursorsOf("returns/id/1", ["string"]);

export async function listReturns(
  context: OrdersContext,
  request: ListReturnsRequest,
  { tenantId }: Call,
): Promise<ListReturnsResponse> {
  const include_counts = request.include_counts ?? false;
  const filter = {
    tenantId,
    ids: request.id,
    orderId: request.order_id ?? null,
    status: (request.status ?? null) as ReturnDocument["status"] | null,
  };
  const [before] = cursors.decode(request.cursor) ?? [null];
  const { elements, last, ...bounds } = await readPage(request, (page) =>
    listStoredReturns(context, filter, { before, ...page }),
  );
  return {
    ...bounds,
    include_counts,
    total: include_counts ? await countStoredReturns(context, filter) : null,
    next_cursor: last && cursors.encode([last._id]),
    data: elements.map(toReturn),
  };
}
