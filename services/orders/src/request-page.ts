import type { ListOrderUpdateRequestsRequest } from "@waybill/proto/orders/v1/order_requests.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { RequestDocument, RequestKind } from "./request.ts";
import { listStoredRequests, type RequestsContext } from "./request-store.ts";

const LIMIT_DEFAULT = 30;
const cursors = {
  update: cursorsOf("order_update_requests/created_at/1", ["string", "string"]),
  cancel: cursorsOf("order_cancel_requests/created_at/1", ["string", "string"]),
};

/** A page of requests, with what its answer says about it. */
interface RequestPage {
  limit: number;
  offset: number;
  next_cursor: string | null;
  requests: RequestDocument[];
}

/** The page of the requests of a kind that a list asks for. Throws `INVALID_REQUEST` for a wrong cursor. */
export async function pageOfRequests(
  context: RequestsContext,
  tenantId: string,
  kind: RequestKind,
  asked: ListOrderUpdateRequestsRequest,
): Promise<RequestPage> {
  const page = { limit: asked.limit ?? LIMIT_DEFAULT, offset: asked.offset ?? 0 };
  const found = await listStoredRequests(context, {
    tenantId,
    kind,
    ids: asked.id,
    customerIdentifiers: asked.cid,
    status: asked.status ?? null,
    after: cursors[kind].decode(asked.cursor),
    offset: page.offset,
    limit: page.limit + 1,
  });
  const requests = found.slice(0, page.limit);
  const last = requests.at(-1);
  const more = found.length > page.limit && last !== undefined;
  return { ...page, next_cursor: more ? cursors[kind].encode([last.created_at, last._id]) : null, requests };
}
