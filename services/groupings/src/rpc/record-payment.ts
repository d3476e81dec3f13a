import type {
  RecordPaymentRequest,
  RecordPaymentResponse,
} from "@waybill/proto/groupings/v1/order_groups.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { memberOf, notePayment } from "../order-group.ts";
import { getStoredGroup, updateStoredGroup } from "../order-group-store.ts";
import { toGroupOrder } from "../order-group-view.ts";

export async function recordPayment(
  context: GroupingsContext,
  { group: id, order, payment_status }: RecordPaymentRequest,
  call: Call,
): Promise<RecordPaymentResponse> {
  const group = await getStoredGroup(context, call.tenantId, id!);
  const member = memberOf(group, order!);
  const payment = { order_id: member.order_id, payment_status };
  const { order: standing } = await context.storefrontOrders.recordStorefrontPayment(payment, call);
  const change = { tenantId: call.tenantId, groupId: group._id, traceparent: call.traceparent };
  await updateStoredGroup(context, change, (document) =>
    notePayment(document, member.order_id, payment_status!),
  );
  return { order: toGroupOrder(member, standing!) };
}
