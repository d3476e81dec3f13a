import { createHash } from "node:crypto";
import { fingerprint } from "@waybill/events/fingerprint.ts";
import { newId } from "@waybill/mongo/ids.ts";
import type {
  CreateOrderGroupRequest,
  CreateOrderGroupResponse,
} from "@waybill/proto/groupings/v1/order_groups.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { beginGroup } from "../order-group.ts";
import { insertGroup } from "../order-group-store.ts";
import { showGroups } from "../standings.ts";
import { carryOut, newGroup } from "../replacement.ts";

export async function createOrderGroup(
  context: GroupingsContext,
  request: CreateOrderGroupRequest,
  call: Call,
): Promise<CreateOrderGroupResponse> {
  const group = request.group!;
  const id = group.id ?? (await context.orderGroupIds.take(call.tenantId, 1))[0]!;
  const facts = {
    replacementId: newId(),
    fingerprint: fingerprint(group),
    requestKey: call.idempotencyKey === null ? null : hashOf(call.idempotencyKey),
  };
  const begun = beginGroup(newGroup(call.tenantId), id, group, facts);
  const stored = await insertGroup(context, begun, call.traceparent);
  if (stored.open) call.markReplay();
  const [shown] = await showGroups(context, [await carryOut(context, stored, call)], call);
  return { group: shown! };
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("base64url");
}
