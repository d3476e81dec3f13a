import { randomUUID } from "node:crypto";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { Filter } from "mongodb";
import type { CallbacksContext } from "./context.ts";
import { TEST_TYPE, type DeliveryDocument } from "./delivery.ts";
import { hasEnded, revived } from "./delivery-store.ts";
import { laneKeyOf } from "./engine/queue/queue.ts";
import type { ReplayDocument, ReplayedDelivery } from "./replay.ts";
import { listTenantCallbacks } from "./store.ts";

/** Deliveries of one batch. */
const BATCH_DELIVERIES_MAX = 500;
/** After this time without a batch another instance goes on. */
const LEASE_MS = 30_000;

type Ended = Filter<DeliveryDocument>;

/** How many deliveries a replay is of, whatever their number. */
export async function countReplayed(context: CallbacksContext, replay: ReplayDocument): Promise<number> {
  const query = await endedOf(context, replay);
  return context.deliveries.countDocuments(query, { hint: indexOf(replay) });
}

export async function insertReplay(
  { client, replays }: CallbacksContext,
  replay: ReplayDocument,
): Promise<void> {
  await inTransaction(client, (session) => replays.insertOne(replay, { session }));
}

/** One replay of the tenant. Throws `REPLAY_NOT_FOUND`. */
export async function getStoredReplay(
  { replays }: CallbacksContext,
  tenantId: string,
  id: string,
): Promise<ReplayDocument> {
  const found = await replays.findOne({ _id: id, tenant_id: tenantId });
  if (found === null) throw new DomainError("REPLAY_NOT_FOUND");
  return found;
}

/** Claims a replay that nobody works on; null if there is none. */
export function claimReplay({ replays }: CallbacksContext): Promise<ReplayDocument | null> {
  const claim = { lease: randomUUID(), next_at: { $add: ["$$NOW", LEASE_MS] } };
  return replays.findOneAndUpdate(
    { status: "running", $expr: { $lte: ["$next_at", "$$NOW"] } },
    [{ $set: claim }],
    { sort: { next_at: 1 }, returnDocument: "after" },
  );
}

/**
 * Sends the next batch of a claimed replay; answers it as it is then, null if it is done or another's. The
 * batch is noted, then revived, its lanes made due, and only then left behind: after a crash all of that is
 * done once more.
 */
export async function sendBatch(
  context: CallbacksContext,
  replay: ReplayDocument,
): Promise<ReplayDocument | null> {
  const batch = replay.batch ?? (await nextBatch(context, replay));
  const last = batch.at(-1);
  if (!last) return write(context, replay, { status: "done", batch: null });
  const noted = await write(context, replay, { batch });
  if (noted === null) return null;
  await revive(context, replay.tenant_id, batch);
  return write(context, replay, {
    batch: null,
    position: { created_at: last.created_at, _id: last._id },
    replayed: replay.replayed + batch.length,
  });
}

async function write(
  { replays }: CallbacksContext,
  { _id, lease }: ReplayDocument,
  change: Partial<ReplayDocument>,
): Promise<ReplayDocument | null> {
  const values = Object.entries(change).map(([field, value]) => [field, { $literal: value }]);
  const set = { ...Object.fromEntries(values), next_at: { $add: ["$$NOW", LEASE_MS] } };
  const own = { _id, lease, status: "running" as const };
  return replays.findOneAndUpdate(own, [{ $set: set }], { returnDocument: "after" });
}

async function nextBatch(context: CallbacksContext, replay: ReplayDocument): Promise<ReplayedDelivery[]> {
  return context.deliveries
    .find(await endedOf(context, replay))
    .hint(indexOf(replay))
    .sort({ created_at: 1, _id: 1 })
    .limit(BATCH_DELIVERIES_MAX)
    .project<ReplayedDelivery>({ lane_id: 1, callback_id: 1, order_id: 1, created_at: 1 })
    .toArray();
}

async function revive(
  { deliveries, queue, wake }: CallbacksContext,
  tenant_id: string,
  batch: readonly ReplayedDelivery[],
): Promise<void> {
  const ids = batch.map(({ _id }) => _id);
  const ended = { _id: { $in: ids }, tenant_id, ...hasEnded };
  await deliveries.updateMany(ended, { $set: revived(new Date().toISOString()) });
  await queue.wakeLanes(batch.map((one) => laneKeyOf({ ...one, tenant_id })));
  wake([...new Set(batch.map(({ callback_id }) => callback_id))]);
}

/** By registration its ranges are at most 100 times two, which MongoDB merges in the order of time. */
function indexOf({ order_id }: ReplayDocument): string {
  return order_id === null ? "by_callback" : "by_order";
}

async function endedOf(context: CallbacksContext, replay: ReplayDocument): Promise<Ended> {
  const { tenant_id, callback_id, order_id, message_type, delivery_status, sdt, edt, position } = replay;
  const registrations = await listTenantCallbacks(context, tenant_id);
  const ids = registrations.map(({ _id }) => _id).filter((id) => callback_id === null || id === callback_id);
  const bounds: Ended[] = [{ created_at: { $lt: edt } }];
  if (sdt !== null) bounds.push({ created_at: { $gte: sdt } });
  if (position !== null) {
    bounds.push({ created_at: { $gte: position.created_at } });
    bounds.push({ $or: [{ created_at: { $gt: position.created_at } }, { _id: { $gt: position._id } }] });
  }
  return {
    tenant_id,
    callback_id: { $in: ids },
    ...(delivery_status === null ? hasEnded : { status: delivery_status }),
    message_type: message_type ?? { $ne: TEST_TYPE },
    ...(order_id === null ? {} : { order_id }),
    $and: bounds,
  };
}
