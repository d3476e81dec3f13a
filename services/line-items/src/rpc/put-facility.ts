import type { PutFacilityRequest, PutFacilityResponse } from "@waybill/proto/line_items/v1/inventory.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { recordFacility, toFacility } from "../stock/facility.ts";
import { changeFacility } from "../stock/stock-store.ts";

export async function putFacility(
  context: LineItemsContext,
  request: PutFacilityRequest,
  { tenantId, traceparent }: Call,
): Promise<PutFacilityResponse> {
  const facility = request.facility!;
  const decide = (current: Parameters<typeof recordFacility>[0]) => recordFacility(current, facility);
  const changed = await changeFacility(context, tenantId, facility.id!, decide, traceparent);
  return { facility: toFacility(changed) };
}
