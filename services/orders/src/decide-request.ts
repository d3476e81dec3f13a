import { setTimeout as delay } from "node:timers/promises";
import { catalogue } from "@waybill/errors/catalogue.ts";
import { DomainError, isConflict, unavailable } from "@waybill/errors/domain-error.ts";
import { isDown } from "@waybill/mongo/failures.ts";
import { errorFacts } from "@waybill/process/log.ts";
import type { ReplaceLinesResponse } from "@waybill/proto/line_items/v1/line_items.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import { newCaller } from "@waybill/rpc/metadata.ts";
import { termsOf } from "./backorder.ts";
import { moveFacts } from "./config.ts";
import type { OrdersContext } from "./context.ts";
import { cancel } from "./lifecycle.ts";
import { sealLines } from "./seal.ts";
import { withDefaults, type OrderDocument } from "./order.ts";
import type { Refusal, RequestDocument, Step } from "./request.ts";
import { getStoredRequest, takeStep, type RequestsContext } from "./request-store.ts";
import { getStoredOrder } from "./store.ts";
import { applyUpdate, lateRefusal, lock, statusRefusal, updateRefusal } from "./update.ts";

/** What deciding requests needs of the context. */
export type DecidingContext = RequestsContext & Pick<OrdersContext, "lineItems" | "log" | "inProcessCancel">;

const CALL_MS_MAX = 5_000;
/** Tries after errors that nobody foresaw, before the request is given up. */
const FAULTS_MAX = 3;
/** Tries against others who change the same order, before the caller is to come again. */
const CONFLICTS_MAX = 20;
const RETRY_MS = 50;

/**
 * Decides a request that is pending, unless the sandbox holds those of its order (`evenIfHeld`: also then); one
 * that was decided before stays as it is. Answers true when it is decided for good, false if it is held: what
 * fails for a reason that nobody foresaw is resolved as a failure, so that no order stays locked, but not once
 * the lines are replaced: that update can only be finished. Rejects then, and when a dependency is down: the
 * same call goes on later where this one stopped.
 */
export async function decideRequest(
  context: DecidingContext,
  tenantId: string,
  id: string,
  evenIfHeld = false,
): Promise<boolean> {
  const request = await getStoredRequest(context, tenantId, id);
  let faults = 0;
  for (let tries = 1; ; tries += 1) {
    try {
      return await decideOnce(context, request, evenIfHeld);
    } catch (error) {
      if (isDown(error)) throw error;
      if (isConflict(error) && tries >= CONFLICTS_MAX)
        throw unavailable("the order is changed all the time", error);
      if (!isConflict(error)) {
        faults += 1;
        context.log.error({ tenant_id: tenantId, id, faults, ...errorFacts(error) }, "request.fault");
        if (faults >= FAULTS_MAX) return giveUp(context, request, error);
      }
    }
    await delay(RETRY_MS * Math.random());
  }
}

async function decideOnce(
  context: DecidingContext,
  request: RequestDocument,
  evenIfHeld: boolean,
): Promise<boolean> {
  if (request.status !== "pending") return true;
  const order = await getStoredOrder(context, request.tenant_id, request.order_id);
  const isHeld = order.requests_held && order.changing !== request._id;
  if (isHeld && !evenIfHeld) return false;
  // Left by a command that was lost or given up: an order is unlocked by nobody but the one who locked it.
  if (order.changing !== null && order.changing !== request._id)
    await decideRequest(context, request.tenant_id, order.changing);
  await (request.kind === "update" ? decideUpdate(context, request) : decideCancel(context, request, order));
  return true;
}

/**
 * Lock, lines, the rest with the unlock: each step may have been taken by a process that died, and taking it
 * again changes nothing.
 */
async function decideUpdate(context: DecidingContext, request: RequestDocument): Promise<void> {
  const locked = await takeStep(context, request, {
    refusal: (order) => updateRefusal(order, request),
    apply: (order) => lock(order, request._id),
    succeeds: false,
  });
  if (locked.status !== "pending") return;
  const answer = await replaceLines(context, request);
  const facts = moveFacts(context.inProcessCancel, request.tenant_id);
  await takeStep(context, request, {
    refusal: () => ("reason" in answer ? answer : null),
    apply: (order) => applyUpdate(order, request, answer as ReplaceLinesResponse, facts),
    succeeds: true,
  });
}

/** The order's new lines with what became of their stock, or why line-items refuses them. */
async function replaceLines(
  { lineItems }: DecidingContext,
  request: RequestDocument,
): Promise<ReplaceLinesResponse | Refusal> {
  const { line_items } = request.record!;
  const terms = termsOf(withDefaults(request.record!));
  try {
    return await lineItems.replaceLines(
      { order_id: request.order_id, request_id: request._id, line_items, terms },
      callFor(request),
    );
  } catch (error) {
    if (!(error instanceof DomainError) || catalogue[error.code].http >= 500 || isConflict(error))
      throw error;
    const { code, message: reason, violations } = error;
    return { code, reason, pointer: violations[0]?.pointer ?? "/line_items", lostTo: null };
  }
}

async function decideCancel(
  context: DecidingContext,
  request: RequestDocument,
  order: OrderDocument,
): Promise<void> {
  const sealed = order.status === "open" ? await sealLines(context, order, callFor(request)) : null;
  await takeStep(context, request, {
    refusal: (now) => cancelRefusal(context, now),
    apply(now) {
      if (now.status === "open" && sealed === null) throw new DomainError("CONFLICT");
      if (now.status === "open") sealed!.assertCurrent(now);
      return cancel(now, now.status === "open" ? sealed!.lines : null);
    },
    succeeds: true,
  });
}

function cancelRefusal({ inProcessCancel }: DecidingContext, order: OrderDocument): Refusal | null {
  const isDenied =
    order.status === "inProcess" && !moveFacts(inProcessCancel, order.tenant_id).cancelsInProcess;
  return isDenied ? lateRefusal(order) : statusRefusal(order, "cancel");
}

/** Fails a request for a reason that nobody foresaw; rejects with it if its lines are there already. */
async function giveUp(context: DecidingContext, request: RequestDocument, fault: unknown): Promise<true> {
  if (request.kind === "update" && (await hasReplacedLines(context, request))) throw fault;
  const reason = "Request could not be processed";
  const refusal: Refusal = { code: "INTERNAL", reason, pointer: null, lostTo: null };
  await takeStep(context, request, refuse(refusal));
  return true;
}

/** If not, they stay as they are: a call that is still on its way is refused from now on. */
async function hasReplacedLines({ lineItems }: DecidingContext, request: RequestDocument): Promise<boolean> {
  const replacement = { order_id: request.order_id, request_id: request._id };
  try {
    return (await lineItems.abandonReplacement(replacement, callFor(request))).replaced;
  } catch (error) {
    if (error instanceof DomainError && error.code === "ORDER_NOT_FOUND") return false;
    throw error;
  }
}

/** The step that fails a request. */
export function refuse(refusal: Refusal): Step {
  return { refusal: () => refusal, apply: (order) => ({ state: order, events: [] }), succeeds: true };
}

function callFor({ tenant_id, traceparent }: RequestDocument): CallOptions {
  return { ...newCaller(tenant_id, traceparent), deadline: Date.now() + CALL_MS_MAX };
}
