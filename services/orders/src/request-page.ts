import type { ListOrderUpdateRequestsRequest } from "@waybill/proto/orders/v1/order_requests.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import { readPage, type Page } from "@waybill/rpc/page.ts";
import type { RequestDocument, RequestKind } from "./request.ts";
import { listStoredRequests, positionOf } from "./request-list.ts";
import type { RequestsContext } from "./request-store.ts";

const cursors = {
  update: cursorsOf("order_update_requests/created_at/1", ["string", "string"]),
  cancel: cursorsOf("order_cancel_requests/created_at/1", ["string", "string"]),
};

/** A page of requests, with what its answer says about it. */
interface RequestPage extends Pick<Page<RequestDocument>, "limit" | "offset"> {
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
  const filter = {
    tenantId,
    kind,
    ids: asked.id,
    customerIdentifiers: asked.cid,
    status: asked.status ?? null,
  };
  const after = cursors[kind].decode(asked.cursor);
  const { elements, last, ...bounds } = await readPage(asked, (page) =>
    listStoredRequests(context, filter, { after, ...page }),
  );
  const next_cursor = last && cursors[kind].encode([...positionOf(last)]);
  return { ...bounds, next_cursor, requests: elements };
}
