import type { ListReturnsRequest, ListReturnsResponse } from "@waybill/proto/orders/v1/returns.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { toReturn, type ReturnDocument } from "../return.ts";
import { countStoredReturns, listStoredReturns } from "../return-store.ts";

const LIMIT_DEFAULT = 30;
const cursors = cursorsOf("returns/id/1", ["string"]);

export async function listReturns(
  context: OrdersContext,
  request: ListReturnsRequest,
  { tenantId }: Call,
): Promise<ListReturnsResponse> {
  const limit = request.limit ?? LIMIT_DEFAULT;
  const offset = request.offset ?? 0;
  const include_counts = request.include_counts ?? false;
  const filter = {
    tenantId,
    ids: request.id,
    orderId: request.order_id ?? null,
    status: (request.status ?? null) as ReturnDocument["status"] | null,
  };
  const [before] = cursors.decode(request.cursor) ?? [null];
  const documents = await listStoredReturns(context, filter, { before, offset, limit: limit + 1 });
  const page = documents.slice(0, limit);
  return {
    limit,
    offset,
    include_counts,
    total: include_counts ? await countStoredReturns(context, filter) : null,
    next_cursor: documents.length > limit ? cursors.encode([page.at(-1)!._id]) : null,
    data: page.map(toReturn),
  };
}
