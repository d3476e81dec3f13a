import type {
  GetOrderGroupRequest,
  GetOrderGroupResponse,
} from "@waybill/proto/groupings/v1/order_groups.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { getStoredGroup } from "../order-group-store.ts";
import { showGroups } from "../standings.ts";

export async function getOrderGroup(
  context: GroupingsContext,
  { id }: GetOrderGroupRequest,
  call: Call,
): Promise<GetOrderGroupResponse> {
  const [group] = await showGroups(context, [await getStoredGroup(context, call.tenantId, id!)], call);
  return { group: group! };
}
