import { DomainError } from "@waybill/errors/domain-error.ts";
import type {
  DeleteCallbacksRequest,
  DeleteCallbacksResponse,
} from "@waybill/proto/callbacks/v1/callbacks.ts";
import { batchResponse, recordFailed, recordSuccess } from "@waybill/rpc/batch.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { deleteCallbackDocuments } from "../store.ts";

export async function deleteCallbacks(
  context: CallbacksContext,
  { ids }: DeleteCallbacksRequest,
  { tenantId }: Call,
): Promise<DeleteCallbacksResponse> {
  const deleted = await deleteCallbackDocuments(context, tenantId, ids);
  // Whoever claims a lane without a registration ends what is in it.
  await context.queue.hasten([...deleted]);
  context.lookAnew([...deleted]);
  return batchResponse(
    ids.map((id, index) =>
      deleted.has(id)
        ? recordSuccess(index, id, null)
        : recordFailed(index, null, new DomainError("CALLBACK_NOT_FOUND")),
    ),
  );
}
