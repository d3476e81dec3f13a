import type { ListProfilesRequest, ListProfilesResponse } from "@waybill/proto/groupings/v1/profiles.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { toProfile } from "../profile.ts";
import { countStoredProfiles, listStoredProfiles } from "../store.ts";

const LIMIT_DEFAULT = 30;

export async function listProfiles(
  context: GroupingsContext,
  request: ListProfilesRequest,
  { tenantId }: Call,
): Promise<ListProfilesResponse> {
  const limit = request.limit ?? LIMIT_DEFAULT;
  const offset = request.offset ?? 0;
  const include_counts = request.include_counts ?? false;
  const page = { tenantId, cursor: request.cursor ?? null, offset, limit: limit + 1 };
  const documents = await listStoredProfiles(context, page);
  const data = documents.slice(0, limit).map(toProfile);
  return {
    limit,
    offset,
    include_counts,
    total: include_counts ? await countStoredProfiles(context, tenantId) : null,
    next_cursor: documents.length > limit ? data.at(-1)!.id! : null,
    data,
  };
}
