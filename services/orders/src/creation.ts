import { createOnce, type Creator, type Outcome } from "@waybill/events/create-once.ts";
import { catalogue, isErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError, unavailable } from "@waybill/errors/domain-error.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { timeOfId } from "@waybill/mongo/ids.ts";
import type { LinesResult } from "@waybill/proto/line_items/v1/line_items.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";
import type { OrdersContext } from "./context.ts";
import { createOrder, type OrderCandidate } from "./order.ts";
import { findOrderWinners, insertOrders } from "./store.ts";

/** What creating orders needs of the context. */
export type CreationContext = Pick<OrdersContext, "orders" | "orderNumbers" | "lineItems">;

const LINES_MS_MAX = 10_000;
/**
 * An attempt older than this is given up, since line-items frees the lines of attempts that did not commit
 * after five minutes. The rest of those minutes covers the commit itself and clocks that lie apart.
 */
const ATTEMPT_MS_MAX = 30_000;

/**
 * Creates one group of orders of a tenant: their lines first, under ids that nobody knows yet, then all
 * orders and their events in one transaction, which is the commit. Answers for each in its order.
 */
export async function createGroup(
  context: CreationContext,
  tenantId: string,
  candidates: readonly OrderCandidate[],
): Promise<Outcome[]> {
  const outcomes = await createEach(orderCreator(context, tenantId), candidates);
  return candidates.map((candidate) => outcomes.get(candidate)!);
}

/** Together; if that fails for a reason that may lie in one record, one by one. */
async function createEach(
  creator: Creator<OrderCandidate>,
  candidates: readonly OrderCandidate[],
): Promise<Map<OrderCandidate, Outcome>> {
  try {
    return await createOnce(creator, candidates);
  } catch (error) {
    if (candidates.length === 1 || mongoFailure(error) || isDependencyDown(error)) throw error;
  }
  const outcomes = new Map<OrderCandidate, Outcome>();
  for (const candidate of candidates) outcomes.set(candidate, await createAlone(creator, candidate));
  return outcomes;
}

async function createAlone(creator: Creator<OrderCandidate>, candidate: OrderCandidate): Promise<Outcome> {
  try {
    return (await createOnce(creator, [candidate])).get(candidate)!;
  } catch (error) {
    if (mongoFailure(error) || isDependencyDown(error)) throw error;
    return error instanceof DomainError ? error : new DomainError("INTERNAL", undefined, { cause: error });
  }
}

function isDependencyDown(error: unknown): boolean {
  return error instanceof DomainError && catalogue[error.code].http === 503;
}

function orderCreator(context: CreationContext, tenantId: string): Creator<OrderCandidate> {
  return {
    findWinners: (identifiers) => findOrderWinners(context, tenantId, identifiers),
    prepare: (candidates) => createLines(context, tenantId, candidates),
    async commit(candidates) {
      const numbers = await context.orderNumbers.take(tenantId, candidates.length);
      const now = new Date().toISOString();
      const creations = candidates.map((candidate, index) => ({
        ...createOrder(candidate, { tenantId, orderNr: numbers[index]!, now }),
        traceparent: candidate.traceparent,
      }));
      await insertOrders(context, creations, () => assertFresh(candidates));
    },
    duplicate: () => new DomainError("DUPLICATE_ORDER"),
  };
}

/** One call for the whole group. Answers the candidates whose lines were refused. */
async function createLines(
  { lineItems }: CreationContext,
  tenantId: string,
  candidates: readonly OrderCandidate[],
): Promise<Map<OrderCandidate, DomainError>> {
  const orders = candidates.map(({ id, lineIds, record }) => ({
    order_id: id,
    line_items: record.line_items,
    line_ids: lineIds,
  }));
  const { results } = await lineItems.createLineItems(
    { orders },
    {
      tenantId,
      requestId: requestIdOr(undefined),
      traceparent: traceparentOr(candidates[0]!.traceparent),
      deadline: Date.now() + LINES_MS_MAX,
    },
  );
  const refused = candidates.flatMap((candidate, index) => {
    const refusal = toRefusal(results[index]!);
    return refusal === null ? [] : [[candidate, refusal] as const];
  });
  return new Map(refused);
}

function toRefusal({ code, reason, pointer }: LinesResult): DomainError | null {
  if (!code) return null;
  const known = isErrorCode(code) ? code : "INVALID_REQUEST";
  const detail = reason ?? "the lines were refused";
  return new DomainError(known, detail, {
    violations: [{ pointer: pointer ?? "/line_items", code: known, detail }],
  });
}

function assertFresh(candidates: readonly OrderCandidate[]): void {
  const oldest = Math.min(...candidates.map(({ id }) => timeOfId(id)));
  if (Date.now() - oldest > ATTEMPT_MS_MAX) throw unavailable("the orders could not be stored in time");
}
