import type { EventEmitter } from "node:events";
import { unavailable } from "@waybill/errors/domain-error.ts";
import { inTransaction, ownTransaction } from "@waybill/mongo/transaction.ts";
import { errorFacts } from "@waybill/process/log.ts";
import { repeat } from "@waybill/process/repeat.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { newCaller, traceparentOr } from "@waybill/rpc/metadata.ts";
import type { ClientSession } from "mongodb";
import type { LineItemsContext } from "../context.ts";
import { confirmOrders, findUnconfirmed } from "./allocation-store.ts";
import { offerNext, type Round } from "./offer-round.ts";
import type { OpenShelves } from "./shelves.ts";

/** SKUs that are read at a time. */
const STOCKS_BATCH = 100;
/** As many as can be in flight; the rest is confirmed by their events. */
const UNCONFIRMED_MAX = 1_000;
const CALL_MS_MAX = 5_000;
/** How soon units are offered whose offer another process began and did not finish. */
const LOOK_MS = 1_000;
const BOOKING_TRIES_MAX = 5;
/** Every one after the first has a cause: units that became free meanwhile, or an order that came to wait. */
const ROUNDS_MAX = 1_000;

/** Units of a SKU became free that waiting orders come first for: nothing was written. */
class UnitsOnOffer extends Error {
  override readonly name = "UnitsOnOffer";
  readonly skuIds: readonly string[];

  constructor(skuIds: readonly string[]) {
    super("units are on offer");
    this.skuIds = skuIds;
  }
}

/** Tells whoever offers units that some became free. */
export type Bell = EventEmitter<{ ring: [] }>;

/** Throws `UnitsOnOffer` while free units of these SKUs are for those who wait. */
export function assertNotOnOffer({ stocks }: OpenShelves): void {
  const offered = stocks.filter(({ offering }) => offering).map(({ sku_id }) => sku_id);
  if (offered.length > 0) throw new UnitsOnOffer(offered);
}

/**
 * Runs a transaction that books units, when it is its tenant's turn and the caller still waits. Where units are
 * on offer (`work` throws `UnitsOnOffer`) those who wait get them first, then it runs again.
 */
export async function bookInTurn<Result>(
  context: LineItemsContext,
  { tenantId, deadline }: Pick<Call, "tenantId" | "deadline">,
  work: (session: ClientSession) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; tries <= BOOKING_TRIES_MAX; tries += 1) {
    try {
      return await context.turns.take(tenantId, () => inTransaction(context.stock.client, work), deadline);
    } catch (error) {
      if (!(error instanceof UnitsOnOffer)) throw error;
      for (const skuId of error.skuIds) await offerUnits(context, tenantId, skuId);
    }
  }
  throw unavailable("the stock changes too fast");
}

/**
 * Offers the free units of a SKU to the orders that wait for it, by priority, then age. When units became free
 * or an order came to wait meanwhile, it begins anew: whoever was there when units became free has their turn.
 */
async function offerUnits(context: LineItemsContext, tenantId: string, skuId: string): Promise<void> {
  for (let rounds = 1; rounds <= ROUNDS_MAX; rounds += 1) {
    const offers = await countOffers(context, tenantId, skuId);
    await confirmCommitted(context, tenantId, skuId);
    if (offers === null || (await offerRound(context, tenantId, skuId, offers))) return;
  }
  throw unavailable("the stock changes too fast");
}

/** Whether the round came to its end. */
async function offerRound(
  context: LineItemsContext,
  tenantId: string,
  skuId: string,
  offers: number,
): Promise<boolean> {
  let round: Round = { tenantId, skuId, traceparent: traceparentOr(undefined), offers, last: null };
  for (;;) {
    const now = round;
    // Of its own, also where a call is one transaction: what that holds until its end others wait for, in turn.
    const page = () => ownTransaction(context.stock.client, (session) => offerNext(context, now, session));
    const { outcome, last, gaveBack } = await context.turns.take(tenantId, page);
    if (gaveBack) context.bell.emit("ring");
    if (outcome !== "next") return outcome === "over";
    round = { ...round, last };
  }
}

/** How often units of the SKU were put on offer until now; null if it is not tracked. */
async function countOffers(
  { stock }: LineItemsContext,
  tenantId: string,
  skuId: string,
): Promise<number | null> {
  const ofSku = { tenant_id: tenantId, sku_id: skuId };
  const found = await stock.collection.findOne(ofSku, { projection: { offers: 1 } });
  return found?.offers ?? null;
}

/** The event of an order that was just created may still be under way: the orders service knows it already. */
async function confirmCommitted(context: LineItemsContext, tenantId: string, skuId: string): Promise<void> {
  const ids = await findUnconfirmed(context, tenantId, skuId, UNCONFIRMED_MAX);
  if (ids.length === 0) return;
  const call = { ...newCaller(tenantId), deadline: Date.now() + CALL_MS_MAX };
  const { ids: committed } = await context.orders.findOrders({ ids }, call);
  await ownTransaction(context.stock.client, (session) =>
    confirmOrders(context, tenantId, committed, session),
  );
}

/** Offers units whenever some became free, until disposed. */
export function startOffers(context: LineItemsContext): AsyncDisposable {
  const offers = repeat(context.log, "offers", LOOK_MS, (signal) => offerAll(context, signal));
  context.bell.on("ring", offers.soon);
  return offers;
}

/** Offers what is on offer, each SKU for itself. */
async function offerAll(context: LineItemsContext, signal: AbortSignal): Promise<void> {
  const onOffer = context.stock.collection
    .find({ offering: true })
    .project<{ tenant_id: string; sku_id: string }>({ tenant_id: 1, sku_id: 1 })
    .batchSize(STOCKS_BATCH);
  for await (const { tenant_id, sku_id } of onOffer) {
    if (signal.aborted) return;
    // What stands in the way of one SKU keeps no other from being offered.
    await offerUnits(context, tenant_id, sku_id).catch((error: unknown) =>
      context.log.warn({ tenant_id, sku_id, ...errorFacts(error) }, "offers.interrupted"),
    );
  }
}
