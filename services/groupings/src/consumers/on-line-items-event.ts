import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { Undecodable } from "@waybill/consumer/consumed-event.ts";
import type { Sku } from "@waybill/proto/line_items/v1/skus.ts";
import { newCaller } from "@waybill/rpc/metadata.ts";
import type { GroupingsContext } from "../context.ts";
import { followOrders } from "../follower.ts";
import { toSkuRelease } from "../release.ts";
import { saveSkuRelease } from "../skus.ts";
import { findBehind, markForReleaseCheck } from "../store.ts";

/** Events of one call: the orders they tell of are asked for at once. */
export const EVENTS_MAX = 100;
const CALL_MS_MAX = 10_000;

/**
 * Copies the release dates of SKUs, and has the groupings of every order whose lines changed follow them. An
 * event of lines only says that there is something new: what it is, line-items is asked for, so that repeats,
 * gaps and the order of arrival do not matter.
 */
export async function onLineItemsEvents(
  context: GroupingsContext,
  events: readonly ConsumedEvent[],
): Promise<void> {
  const [ofSkus, ofLines] = [events.filter(isOfSku), events.filter(isOfLines)];
  for (const event of ofSkus) await followSku(context, event);
  for (const [tenantId, members] of Map.groupBy(ofLines, (event) => event.tenantId)) {
    await followLinesOf(context, tenantId, members);
  }
}

function isOfSku({ type }: ConsumedEvent): boolean {
  return type.startsWith("waybill.sku.");
}

function isOfLines({ type }: ConsumedEvent): boolean {
  return type.startsWith("waybill.line_items.");
}

async function followSku(context: GroupingsContext, { tenantId, data }: ConsumedEvent): Promise<void> {
  const sku = JSON.parse(data) as Sku;
  if (!sku.id || !sku.updated_at) throw new Undecodable("the SKU has no id or no time");
  await saveSkuRelease(context, toSkuRelease(tenantId, sku));
  await markForReleaseCheck(context, tenantId, sku.id);
}

async function followLinesOf(
  context: GroupingsContext,
  tenantId: string,
  events: readonly ConsumedEvent[],
): Promise<void> {
  const sequences = new Map<string, number>();
  for (const { aggregateId, sequence } of events) {
    sequences.set(aggregateId, Math.max(sequence, sequences.get(aggregateId) ?? 0));
  }
  const behind = await findBehind(context, tenantId, sequences);
  if (behind.length === 0) return;
  const caller = newCaller(tenantId, events.at(-1)!.traceparent);
  await followOrders(context, behind, { ...caller, deadline: Date.now() + CALL_MS_MAX });
}
