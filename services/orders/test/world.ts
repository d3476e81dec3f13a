import { setTimeout as delay } from "node:timers/promises";
import { aLine, anOrder } from "@waybill/dev-env/records.ts";
import { DomainError, isDependencyDown } from "@waybill/errors/domain-error.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import { expect } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";

/** What clients do to the same few orders at once. */
export interface World {
  network: TestNetwork;
  /** customer_identifiers and, once created, the ids. */
  names: readonly string[];
  ids: string[];
  /** Returns that anybody opened. */
  returns: { id: string; order: string }[];
  /** The events that successful calls must have left: `<order id> <type>`, once per call. */
  left: string[];
  /** Requests that were taken, by kind. */
  requests: { kind: "update" | "cancel"; id: string }[];
  /** Whether a call that has no request id was not answered: then there may be more than is noted. */
  unsure: boolean;
}

/** What a service may refuse for the order's state; anything else is a defect. */
const refusals = new Set([
  "STATUS_FORBIDS",
  "ORDER_CHANGING",
  "ORDER_ON_HOLD",
  "QUANTITY_EXCEEDED",
  "LINE_NOT_FOUND",
  "RETURN_CLOSED",
  "CONFLICT",
]);

const TENANT = "shop";
const TRIES_MAX = 10;
const RETRY_MS = 300;

/** A call of the world's tenant. */
export function as({ network }: Pick<World, "network">): CallOptions {
  return network.as(TENANT);
}

/** The answer to a call, which is repeated on a machine that is too busy: it changes nothing then. */
export async function patient<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isDependencyDown(error) || tries === TRIES_MAX) throw error;
    }
    await delay(RETRY_MS);
  }
}

/** Whether a call succeeded; rejects with what no client should ever see. */
export async function allowed(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await patient(call);
    return true;
  } catch (error) {
    if (error instanceof DomainError && refusals.has(error.code)) return false;
    throw error;
  }
}

/** The answer to a call that cannot be repeated; null if the state forbids it or nobody answered. */
export async function answered<Answer>(world: World, answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (isDependencyDown(error)) world.unsure = true;
    else if (!(error instanceof DomainError && refusals.has(error.code))) throw error;
    return null;
  }
}

/** Creates an order, or finds it created; its id. */
export async function createOrder(world: World, at: number): Promise<string> {
  const record = anOrder(world.names[at]!, {
    line_items: [aLine("shirt", 5), aLine("hat", 3), aLine("shirt", 2)],
  });
  const { results } = await patient(() => world.network.orders.createOrders({ orders: [record] }, as(world)));
  expect(results).toMatchObject([{ status: "success" }]);
  return results[0]!.system_id!;
}
