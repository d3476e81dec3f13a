import type {
  ListFacilitiesRequest,
  ListFacilitiesResponse,
} from "@waybill/proto/line_items/v1/inventory.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { toFacility } from "../stock/facility.ts";
import { listFacilityDocuments } from "../stock/stock-store.ts";

export async function listFacilities(
  context: LineItemsContext,
  _request: ListFacilitiesRequest,
  { tenantId }: Call,
): Promise<ListFacilitiesResponse> {
  return { facilities: (await listFacilityDocuments(context, tenantId)).map(toFacility) };
}
