import { newId } from "@waybill/mongo/ids.ts";
import type {
  UpdateOrderGroupRequest,
  UpdateOrderGroupResponse,
} from "@waybill/proto/groupings/v1/order_groups.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { beginReplacement } from "../order-group.ts";
import { getStoredGroup, updateStoredGroup } from "../order-group-store.ts";
import { carryOut } from "../replacement.ts";
import { showGroups } from "../standings.ts";

export async function updateOrderGroup(
  context: GroupingsContext,
  { id, group }: UpdateOrderGroupRequest,
  call: Call,
): Promise<UpdateOrderGroupResponse> {
  const { _id } = await getStoredGroup(context, call.tenantId, id!);
  const change = { tenantId: call.tenantId, groupId: _id, traceparent: call.traceparent };
  const replacementId = newId();
  const begun = await updateStoredGroup(context, change, (document) =>
    beginReplacement(document, group!, replacementId),
  );
  const [shown] = await showGroups(context, [await carryOut(context, begun, call)], call);
  return { group: shown! };
}
