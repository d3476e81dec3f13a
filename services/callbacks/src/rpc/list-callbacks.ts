import type { ListCallbacksRequest, ListCallbacksResponse } from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { pageBounds } from "@waybill/rpc/page.ts";
import { toCallback } from "../callback.ts";
import type { CallbacksContext } from "../context.ts";
import { healthOf } from "../health.ts";
import { listCallbackDocuments } from "../store.ts";

export async function listCallbacks(
  context: CallbacksContext,
  request: ListCallbacksRequest,
  { tenantId }: Call,
): Promise<ListCallbacksResponse> {
  const page = pageBounds(request);
  const documents = await listCallbackDocuments(context, tenantId, page);
  const healths = await Promise.all(documents.map((document) => healthOf(context, document)));
  const data = documents.map((document, index) => ({ ...toCallback(document), health: healths[index]! }));
  return { ...page, data };
}
