import { DomainError } from "@waybill/errors/domain-error.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { TestCallbackRequest, TestCallbackResponse } from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { createTestDelivery } from "../delivery.ts";
import { insertDeliveries } from "../delivery-store.ts";
import { laneKeyOf } from "../engine/queue/queue.ts";
import { toCallbackDelivery } from "../delivery-view.ts";
import { getCallbackDocument } from "../store.ts";

export async function testCallback(
  context: CallbacksContext,
  { id }: TestCallbackRequest,
  { tenantId, traceparent }: Call,
): Promise<TestCallbackResponse> {
  const callback = await getCallbackDocument(context, id!);
  if (callback?.tenant_id !== tenantId) throw new DomainError("CALLBACK_NOT_FOUND");
  const event = { id: newId(), traceparent };
  const delivery = createTestDelivery(event, callback, new Date().toISOString());
  // Its lane is made with it: one that is there without it is taken for empty, and removed.
  const lane = { ...laneKeyOf(delivery), deliveries: [delivery], isClaimed: false };
  await inTransaction(context.client, async (session) => {
    const storing = insertDeliveries(context, [{ delivery, callback }], session);
    await context.queue.addLanes([lane], storing, session);
  });
  context.wake([callback._id]);
  return { delivery: toCallbackDelivery(delivery, [callback]) };
}
