import { setTimeout as delay } from "node:timers/promises";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { firstIdAt } from "@waybill/mongo/ids.ts";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import type { Peer } from "@waybill/rpc/client.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";
import type { Collection, Db } from "mongodb";
import { orderLinesCollection, type OrderLinesDocument } from "./order-lines.ts";

/**
 * Lines are stored before their order commits (design, "Create orders"). An attempt that never commits
 * leaves lines under an id that nobody knows: they are freed once no commit can come any more. The orders
 * service commits no attempt older than 30 seconds.
 */
const ATTEMPT_AGE_MS = 5 * 60_000;
const BATCH_ORDERS_MAX = 1_000;
const CALL_MS_MAX = 10_000;

interface SweepDocument {
  _id: "attempts";
  /** Every attempt up to this order id has been looked at. */
  position: string;
}

/** The collection that remembers how far was swept. */
export const sweepsCollection: CollectionDeclaration = { name: "sweeps", indexes: [] };

/** Sweeps every `intervalMs`, until disposed. */
export function startSweeper(
  db: Db,
  orders: Pick<Peer<typeof OrderServiceService>, "findOrders">,
  intervalMs: number,
  log: Logger,
): AsyncDisposable {
  const stopping = new AbortController();
  const ended = sweepForEver(db, orders, intervalMs, log, stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

async function sweepForEver(
  db: Db,
  orders: Pick<Peer<typeof OrderServiceService>, "findOrders">,
  intervalMs: number,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const more = await sweepOnce(db, orders, log);
      if (more) continue;
    } catch (error) {
      log.warn(errorFacts(error), "sweep.interrupted");
    }
    await delay(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Looks at the next attempts that are old enough. Answers whether there may be more. */
export async function sweepOnce(
  db: Db,
  orders: Pick<Peer<typeof OrderServiceService>, "findOrders">,
  log: Logger,
): Promise<boolean> {
  const lines: Collection<OrderLinesDocument> = db.collection(orderLinesCollection.name);
  const sweeps: Collection<SweepDocument> = db.collection(sweepsCollection.name);
  const position = (await sweeps.findOne({ _id: "attempts" }))?.position ?? firstIdAt(0);
  const attempts = await lines
    .find({ _id: { $gt: position, $lt: firstIdAt(Date.now() - ATTEMPT_AGE_MS) } })
    .project<{ _id: string; tenant_id: string }>({ tenant_id: 1 })
    .sort({ _id: 1 })
    .limit(BATCH_ORDERS_MAX)
    .toArray();
  if (attempts.length === 0) return false;
  for (const [tenantId, members] of Map.groupBy(attempts, ({ tenant_id }) => tenant_id)) {
    await freeUnknown(
      lines,
      orders,
      tenantId,
      members.map(({ _id }) => _id),
      log,
    );
  }
  await sweeps.updateOne({ _id: "attempts" }, { $set: { position: attempts.at(-1)!._id } }, { upsert: true });
  return attempts.length === BATCH_ORDERS_MAX;
}

async function freeUnknown(
  lines: Collection<OrderLinesDocument>,
  orders: Pick<Peer<typeof OrderServiceService>, "findOrders">,
  tenantId: string,
  ids: string[],
  log: Logger,
): Promise<void> {
  const caller = { tenantId, requestId: requestIdOr(undefined), traceparent: traceparentOr(undefined) };
  const known = new Set(
    (await orders.findOrders({ ids }, { ...caller, deadline: Date.now() + CALL_MS_MAX })).ids,
  );
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length === 0) return;
  await lines.deleteMany({ _id: { $in: unknown }, tenant_id: tenantId });
  log.info({ tenant_id: tenantId, orders: unknown.length }, "sweep.freed");
}
