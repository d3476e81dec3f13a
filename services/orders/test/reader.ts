import { setTimeout as delay } from "node:timers/promises";
import { isDependencyDown } from "@waybill/errors/domain-error.ts";
import { ListOrdersRequest } from "@waybill/proto/orders/v1/orders.ts";
import type { TestNetwork } from "../../../test/network.ts";
import type { OrdersContext } from "../src/context.ts";
import type { DecidingContext } from "../src/decide-request.ts";
import { getOrder } from "../src/rpc/get-order.ts";
import { listOrders } from "../src/rpc/list-orders.ts";
import { TENANT, type Case } from "./kills.ts";
import { patient } from "./world.ts";

const PAUSE_MS = 100;
const noFilter = ListOrdersRequest.decode(new Uint8Array());

/** What a reader saw of an order: a field of it, and how many units its lines have. */
export interface Seen {
  view: "get" | "list" | "summary";
  substatus: string | null;
  priority: number;
  units: number;
}

/**
 * Reads an order in every way, over and over, until it is told to stop, and then once more; answers all that it
 * saw.
 */
export function startReader(network: TestNetwork, { on, order }: Case): () => Promise<Seen[]> {
  const stopped = new AbortController();
  const seen: Seen[] = [];
  const reading = (async () => {
    for (let isLast = false; ; isLast = stopped.signal.aborted) {
      const patience = isLast ? patient : unlessDown;
      for (const view of ["get", "list", "summary"] as const)
        seen.push(...(await patience(() => look(network, on.context, order._id, view))));
      if (isLast) return seen;
      await delay(PAUSE_MS);
    }
  })();
  return () => {
    stopped.abort();
    return reading;
  };
}

/** What changes faster than it can be read is not shown. */
async function unlessDown(read: () => Promise<Seen[]>): Promise<Seen[]> {
  return read().catch((error: unknown) => {
    if (isDependencyDown(error)) return [];
    throw error;
  });
}

async function look(
  network: TestNetwork,
  deciding: DecidingContext,
  order: string,
  view: Seen["view"],
): Promise<Seen[]> {
  // What reads needs no more of the context.
  const context = deciding as OrdersContext;
  const call = network.as(TENANT) as never;
  const list_type = view === "summary" ? "summary" : "detail";
  const { data, summaries } =
    view === "get"
      ? { data: [(await getOrder(context, { order }, call)).order!], summaries: [] }
      : await listOrders(context, { ...noFilter, id: [order], list_type }, call);
  const details = data.map(({ substatus, priority, line_items }) => {
    const units = line_items.reduce((sum, { quantity }) => sum + quantity!, 0);
    return { view, substatus: substatus ?? null, priority: priority!, units };
  });
  const totals = summaries.map(({ substatus, priority, total_quantity }) => {
    return { view, substatus: substatus ?? null, priority, units: total_quantity };
  });
  return [...details, ...totals];
}
