import type { GetAllocationRequest, GetAllocationResponse } from "@waybill/proto/line_items/v1/allocation.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { orderIdOf } from "../order-names.ts";
import { findAllocations } from "../stock/allocation-store.ts";
import { toOrderAllocation, untrackedAllocation } from "../stock/allocation-view.ts";
import { getOrderLines } from "../store.ts";

export async function getAllocation(
  context: LineItemsContext,
  request: GetAllocationRequest,
  call: Call,
): Promise<GetAllocationResponse> {
  const { tenantId } = call;
  const lines = await getOrderLines(context, {
    tenantId,
    orderId: await orderIdOf(context, request.order!, call),
  });
  const [stock] = await findAllocations(context, tenantId, [lines._id]);
  return { allocation: toOrderAllocation(stock ?? untrackedAllocation(lines)) };
}
