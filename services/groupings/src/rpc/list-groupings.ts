import type { ListGroupingsRequest, ListGroupingsResponse } from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { readGroupings, showGroupings } from "../grouping-reads.ts";

export async function listGroupings(
  context: GroupingsContext,
  request: ListGroupingsRequest,
  call: Call,
): Promise<ListGroupingsResponse> {
  const document = await readGroupings(context, request, call);
  return { groupings: await showGroupings(context, document?.groupings ?? [], call) };
}
