import type { ListProfilesRequest, ListProfilesResponse } from "@waybill/proto/groupings/v1/profiles.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { readPage } from "@waybill/rpc/page.ts";
import type { GroupingsContext } from "../context.ts";
import { toProfile } from "../profile.ts";
import { countStoredProfiles, listStoredProfiles } from "../store.ts";

export async function listProfiles(
  context: GroupingsContext,
  request: ListProfilesRequest,
  { tenantId }: Call,
): Promise<ListProfilesResponse> {
  const include_counts = request.include_counts ?? false;
  const { elements, last, ...bounds } = await readPage(request, (page) =>
    listStoredProfiles(context, { tenantId, cursor: request.cursor ?? null, ...page }),
  );
  return {
    ...bounds,
    include_counts,
    total: include_counts ? await countStoredProfiles(context, tenantId) : null,
    next_cursor: last && last.id,
    data: elements.map(toProfile),
  };
}
