import { insertAggregates } from "@waybill/events/aggregates.ts";
import { createAll, rehearse, type Rehearsal, type RehearsingCreator } from "@waybill/events/create-all.ts";
import { createOnce, type Outcome } from "@waybill/events/create-once.ts";
import { isErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError, refusalOf, unavailable } from "@waybill/errors/domain-error.ts";
import { timeOfId } from "@waybill/mongo/ids.ts";
import { coalesced, type GroupLimits } from "@waybill/process/coalesce.ts";
import { errorFacts } from "@waybill/process/log.ts";
import type { OrderAllocation } from "@waybill/proto/line_items/v1/allocation.ts";
import type { LinesResult } from "@waybill/proto/line_items/v1/line_items.ts";
import { newCaller } from "@waybill/rpc/metadata.ts";
import type { ClientSession } from "mongodb";
import { termsOf, type StockFacts } from "./backorder.ts";
import type { OrdersContext } from "./context.ts";
import { createOrder, type OrderCandidate } from "./order.ts";
import { findOrderWinners } from "./store.ts";

/** What creating orders needs of the context. */
export type CreationContext = Pick<OrdersContext, "orders" | "orderNumbers" | "lineItems" | "log">;

/** More writes of the transaction that creates orders. */
type Alongside = (session: ClientSession) => void | Promise<void>;

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
  const outcomes = await createOnce(orderCreator(context, tenantId), candidates);
  return candidates.map((candidate) => outcomes.get(candidate)!);
}

/**
 * Creates the orders of one call in one transaction, or none of them. Answers for each in its order. What
 * `alongside` writes with the session commits with them.
 */
export async function createAtomically(
  context: CreationContext,
  tenantId: string,
  candidates: readonly OrderCandidate[],
  alongside?: Alongside,
): Promise<Outcome[]> {
  const outcomes = await createAll(orderCreator(context, tenantId, new Map(), alongside), candidates);
  return candidates.map((candidate) => outcomes.get(candidate)!);
}

/** The creation of what several calls ask for at the same time: together, or each with `atomicCreation`. */
export function coalescedCreation(
  context: CreationContext,
  limits: GroupLimits,
): Pick<OrdersContext, "creation" | "atomicCreation"> {
  // A group answers for each candidate by itself: what fails all of it is nobody's own.
  const group = { isCommon: () => true, weightOf: (call: readonly OrderCandidate[]) => call.length };
  const together = async (tenantId: string, calls: readonly (readonly OrderCandidate[])[]) => {
    const outcomes = await createGroup(context, tenantId, calls.flat());
    return calls.map(({ length }) => outcomes.splice(0, length));
  };
  const alone = async (tenantId: string, [call]: readonly (readonly OrderCandidate[])[]) => [
    await createAtomically(context, tenantId, call!),
  ];
  return {
    creation: coalesced({ ...group, work: together }, limits),
    atomicCreation: coalesced({ ...group, work: alone }, { ...limits, groupMax: 1 }),
  };
}

/** What would become of a candidate, and the stock that it would get; null if it is there already or refused. */
export interface PlannedOutcome {
  outcome: Rehearsal;
  plan: OrderAllocation | null;
}

/** What `createGroup` would answer; stores nothing. */
export async function rehearseCreation(
  context: CreationContext,
  tenantId: string,
  candidates: readonly OrderCandidate[],
): Promise<PlannedOutcome[]> {
  const answers: Answers = new Map();
  const rehearsals = await rehearse(orderCreator(context, tenantId, answers), candidates);
  return candidates.map((candidate) => ({
    outcome: rehearsals.get(candidate)!,
    plan: answers.get(candidate)?.plan ?? null,
  }));
}

/** What line-items answered about the lines of each candidate, the last time it was asked. */
type Answers = Map<OrderCandidate, LinesResult>;

function orderCreator(
  context: CreationContext,
  tenantId: string,
  answers: Answers = new Map(),
  alongside: Alongside = () => undefined,
): RehearsingCreator<OrderCandidate> {
  return {
    findWinners: (identifiers) => findOrderWinners(context, tenantId, identifiers),
    async prepare(candidates) {
      assertFresh(candidates);
      return createLines(context, tenantId, candidates, answers, false);
    },
    rehearse: (candidates) => createLines(context, tenantId, candidates, answers, true),
    async commit(candidates) {
      const numbers = await context.orderNumbers.take(tenantId, candidates.length);
      const now = new Date().toISOString();
      const creations = candidates.map((candidate, index) => ({
        ...createOrder(candidate, {
          tenantId,
          orderNr: numbers[index]!,
          now,
          stock: stockFacts(answers.get(candidate)),
        }),
        traceparent: candidate.traceparent,
      }));
      await insertAggregates(context.orders, creations, async (session) => {
        await alongside(session);
        assertFresh(candidates);
      });
    },
    fault: (error) => context.log.error({ tenant_id: tenantId, ...errorFacts(error) }, "orders.create_fault"),
    duplicate: () => new DomainError("DUPLICATE_ORDER"),
  };
}

/** One call for the whole group. Answers the candidates whose lines were refused. */
async function createLines(
  { lineItems }: CreationContext,
  tenantId: string,
  candidates: readonly OrderCandidate[],
  answers: Answers,
  planOnly: boolean,
): Promise<Map<OrderCandidate, DomainError>> {
  const orders = candidates.map(({ id, lineIds, reference, record }) => ({
    order_id: id,
    line_items: record.line_items,
    line_ids: lineIds,
    order_reference: reference,
    terms: termsOf(record),
  }));
  const { results } = await lineItems.createLineItems(
    { orders, plan_only: planOnly },
    { ...newCaller(tenantId, candidates[0]!.traceparent), deadline: Date.now() + LINES_MS_MAX },
  );
  candidates.forEach((candidate, index) => answers.set(candidate, results[index]!));
  const refused = candidates.flatMap((candidate, index) => {
    const refusal = toRefusal(results[index]!);
    return refusal === null ? [] : [[candidate, refusal] as const];
  });
  return new Map(refused);
}

/** The lines of a new order have the revision 1. */
function stockFacts(answer: LinesResult | undefined): StockFacts {
  return { backordered: answer?.backordered ?? false, shorts: answer?.shorts ?? [], linesRevision: 1 };
}

function toRefusal({ code, reason, pointer }: LinesResult): DomainError | null {
  if (!code) return null;
  const known = isErrorCode(code) ? code : "INVALID_REQUEST";
  return refusalOf(pointer ?? "/line_items", known, reason ?? "the lines were refused");
}

function assertFresh(candidates: readonly OrderCandidate[]): void {
  const oldest = Math.min(...candidates.map(({ id }) => timeOfId(id)));
  if (Date.now() - oldest > ATTEMPT_MS_MAX) throw unavailable("the orders could not be stored in time");
}
