import { newAggregate } from "@waybill/events/aggregates.ts";
import { isErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError, isOutcomeUnknown, type Violation } from "@waybill/errors/domain-error.ts";
import { newId } from "@waybill/mongo/ids.ts";
import type { RecordResult } from "@waybill/proto/batch/v1/batch.ts";
import { Order } from "@waybill/proto/orders/v1/orders.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { GroupingsContext } from "./context.ts";
import {
  finishReplacement,
  giveUpReplacement,
  type Member,
  type OrderGroupDocument,
  type Replacement,
} from "./order-group.ts";
import { deleteUnopened, updateStoredGroup } from "./order-group-store.ts";
import { findStandings } from "./standings.ts";

const blankOrder = Order.decode(new Uint8Array());

/** What every new group starts with. */
export function newGroup(tenantId: string) {
  return newAggregate(newId(), tenantId, new Date().toISOString());
}

/**
 * Carries out what is pending of a group: the orders service creates and changes its orders in one
 * transaction, then the group shows them. Every step may be repeated, by a caller or by the sweeper. What the
 * orders service refuses is given up, and nothing has changed; when it does not answer, or fails, nobody knows
 * what it did, and the replacement stays for the sweeper.
 */
export async function carryOut(
  context: GroupingsContext,
  document: OrderGroupDocument,
  call: CallOptions,
): Promise<OrderGroupDocument> {
  const { _id, tenant_id, pending } = document;
  if (!pending) return document;
  const change = { tenantId: tenant_id, groupId: _id, traceparent: call.traceparent };
  try {
    const members = await saveOrders(context, pending, call);
    return await updateStoredGroup(context, change, (state) => finishReplacement(state, pending.id, members));
  } catch (error) {
    if (isOutcomeUnknown(error)) throw error;
    if (document.open)
      await updateStoredGroup(context, change, (state) => giveUpReplacement(state, pending.id));
    else await deleteUnopened(context, document);
    throw error;
  }
}

async function saveOrders(
  context: GroupingsContext,
  { orders, leaving }: Replacement,
  call: CallOptions,
): Promise<Pick<Member, "id" | "order_id">[]> {
  const created = orders.filter(({ order_id }) => order_id === null);
  const changed = orders.filter(({ order_id }) => order_id !== null);
  const request = {
    orders: created.map((order) => ({ ...order, order: blankOrder })),
    changes: [
      ...changed.map(({ order_id, storefront }) => ({ order_id, storefront })),
      ...leaving.map((order_id) => ({ order_id, storefront: null })),
    ],
  };
  const placeOf = (order: (typeof orders)[number] | undefined) =>
    order ? `/group/orders/${orders.indexOf(order)}` : "/group/orders";
  const { results } = await context.storefrontOrders
    .saveStorefrontOrders(request, call)
    .catch((error: unknown) => {
      throw error instanceof DomainError ? withPlaces(error, (index) => placeOf(changed[index])) : error;
    });
  assertCreated(results, (index) => placeOf(created[index]));
  const newIds = results.map(({ system_id }) => system_id!);
  const ids = orders.map(({ order_id }) => order_id ?? newIds.shift()!);
  const standings = await findStandings(context, ids, call);
  return ids.map((order_id) => {
    const { storefront_id, order_nr } = standings.get(order_id)!;
    return { id: storefront_id ?? order_nr, order_id };
  });
}

function assertCreated(results: readonly RecordResult[], placeOf: (index: number) => string): void {
  const refused = results.filter(({ status, code }) => status === "failure" && code !== "ATOMIC_ABORTED");
  if (refused.length === 0) return;
  const violations = refused.map(({ index, code, reason }): Violation => {
    if (code === "DUPLICATE_ORDER")
      return { pointer: `${placeOf(index)}/id`, code: "ID_TAKEN", detail: "another order has this id" };
    const known = code && isErrorCode(code) ? code : "INVALID_REQUEST";
    return { pointer: placeOf(index), code: known, detail: reason ?? "was refused" };
  });
  const taken = violations.some(({ code }) => code === "ID_TAKEN");
  throw new DomainError(taken ? "ID_TAKEN" : "INVALID_REQUEST", undefined, { violations });
}

/** A refusal of one of the changes, with its place in the group. */
function withPlaces(refusal: DomainError, placeOf: (index: number) => string): DomainError {
  const violations = refusal.violations.map(({ pointer, ...violation }) => {
    const index = /^\/changes\/(\d+)/.exec(pointer)?.[1];
    return { ...violation, pointer: index === undefined ? pointer : placeOf(Number(index)) };
  });
  const { code, message, retryAfterMs } = refusal;
  return new DomainError(code, message, {
    violations,
    cause: refusal,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}
