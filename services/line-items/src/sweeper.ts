import { isDependencyDown } from "@waybill/errors/domain-error.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { firstIdAt } from "@waybill/mongo/ids.ts";
import { errorFacts } from "@waybill/process/log.ts";
import { repeat } from "@waybill/process/repeat.ts";
import { newCaller } from "@waybill/rpc/metadata.ts";
import { releaseAttempts } from "./stock/booking.ts";
import type { LineItemsContext } from "./context.ts";
import { reopen, type OrderLinesDocument } from "./order-lines.ts";
import {
  freeAttempts,
  keepSeals,
  nextAttempts,
  oldSeals,
  saveSweep,
  updateOrderLines,
  type Attempt,
  type Seal,
} from "./store.ts";

/**
 * Lines are stored before their order commits (ARCHITECTURE.md, "One request"). An attempt that never commits
 * leaves lines under an id that nobody knows: they are freed once no commit can come any more. The orders
 * service commits no attempt older than 30 seconds.
 */
const ATTEMPT_AGE_MS = 5 * 60_000;
/**
 * Lines are sealed before their order leaves `open`. If it stays open, because the caller was refused or
 * died, the seal is lifted. The orders service commits nothing on a seal older than 30 seconds.
 */
const SEAL_AGE_MS = 5 * 60_000;
const BATCH_ORDERS_MAX = 1_000;
const CALL_MS_MAX = 10_000;

/** Sweeps every `intervalMs`, until disposed. */
export function startSweeper(context: LineItemsContext, intervalMs: number): AsyncDisposable {
  return repeat(context.log, "sweep", intervalMs, async () => {
    const [moreAttempts, moreSeals] = [await sweepOnce(context), await sweepSeals(context)];
    return moreAttempts || moreSeals;
  });
}

/** Looks at the next attempts that are old enough. Answers whether there may be more. */
export async function sweepOnce(context: LineItemsContext): Promise<boolean> {
  const before = firstIdAt(Date.now() - ATTEMPT_AGE_MS);
  const attempts = await nextAttempts(context, before, BATCH_ORDERS_MAX);
  if (attempts.length === 0) return false;
  for (const [tenantId, members] of Map.groupBy(attempts, ({ tenant_id }) => tenant_id)) {
    await freeUnknown(context, tenantId, members);
  }
  await saveSweep(context, attempts.at(-1)!._id);
  return attempts.length === BATCH_ORDERS_MAX;
}

/** Looks at the seals that are old enough. Answers whether there may be more. */
export async function sweepSeals(context: LineItemsContext): Promise<boolean> {
  const before = new Date(Date.now() - SEAL_AGE_MS).toISOString();
  const seals = await oldSeals(context, before, BATCH_ORDERS_MAX);
  for (const [tenantId, members] of Map.groupBy(seals, ({ tenant_id }) => tenant_id)) {
    await settleSeals(context, tenantId, members);
  }
  return seals.length === BATCH_ORDERS_MAX;
}

async function settleSeals(
  context: LineItemsContext,
  tenantId: string,
  seals: readonly Seal[],
): Promise<void> {
  const call = { ...newCaller(tenantId), deadline: Date.now() + CALL_MS_MAX };
  const { orders } = await context.orders.findOrders({ ids: seals.map(({ _id }) => _id) }, call);
  const open = new Set(orders.filter(({ status }) => status === "open").map(({ id }) => id));
  await keepSeals(
    context,
    seals.filter(({ _id }) => !open.has(_id)),
  );
  for (const { _id, sealed_at } of seals.filter((seal) => open.has(seal._id))) {
    await each(context, { tenant_id: tenantId, order_id: _id }, async () => {
      const lift = (lines: OrderLinesDocument) => reopen(lines, sealed_at);
      await updateOrderLines(context, { tenantId, orderId: _id }, lift, call.traceparent);
      context.log.info({ tenant_id: tenantId, order_id: _id }, "sweep.reopened");
    });
  }
}

async function freeUnknown(
  context: LineItemsContext,
  tenantId: string,
  attempts: readonly Attempt[],
): Promise<void> {
  const call = { ...newCaller(tenantId), deadline: Date.now() + CALL_MS_MAX };
  const { ids } = await context.orders.findOrders({ ids: attempts.map(({ _id }) => _id) }, call);
  const known = new Set(ids);
  const unknown = attempts.filter(({ _id }) => !known.has(_id));
  for (const attempt of unknown) {
    await each(context, { tenant_id: tenantId, order_id: attempt._id }, async () => {
      await releaseAttempts(context, tenantId, [attempt._id], call.traceparent);
      await freeAttempts(context, [attempt]);
    });
  }
  if (unknown.length > 0) context.log.info({ tenant_id: tenantId, orders: unknown.length }, "sweep.freed");
}

/** Does one item's work. What stands in its way alone is told and passed over; when a dependency is down all wait. */
async function each(
  { log }: LineItemsContext,
  ids: { tenant_id: string; order_id: string },
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isDependencyDown(error) || mongoFailure(error)) throw error;
    log.error({ ...ids, ...errorFacts(error) }, "sweep.passed_over");
  }
}
