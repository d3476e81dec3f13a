import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import type { OrderSummary } from "../gen/types.ts";
import type { Waybill } from "../waybill.ts";
import { connect, optionsOf } from "./connection.ts";
import { say, sayJson, untilInterrupted } from "./terminal.ts";

const LOOK_MS = 1_000;
/** A change may be seen some seconds after its `updated_at`: every look begins this much before the last one. */
const OVERLAP_MS = 60_000;
const PAGE = 100;
const final = new Set(["delivered", "canceled"]);

/** `waybill orders watch`. */
export function addWatch(orders: Command): void {
  orders
    .command("watch")
    .description("tells what happens to an order until it is delivered or canceled, or to all until Ctrl-C")
    .argument("[order]", "its id, order_nr, or storefront_id; default: all orders, from now on")
    .action(watch);
}

async function watch(order: string | undefined, _options: unknown, command: Command): Promise<void> {
  const options = optionsOf(command);
  const signal = untilInterrupted();
  const waybill = connect(options);
  const watching =
    order === undefined
      ? watchAll(waybill, options.json ?? false, signal)
      : watchOne(waybill, order, options.json ?? false, signal);
  await watching.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

async function watchOne(waybill: Waybill, order: string, json: boolean, signal: AbortSignal): Promise<void> {
  let after = 0;
  for (;;) {
    // Read first: what it has been through by then is told below.
    const { status } = await waybill.getOrder(order, { signal });
    for await (const event of waybill.listOrderEvents(
      order,
      { after_sequence: after, limit: PAGE },
      { signal },
    )) {
      if (json) sayJson(event);
      else say(`${event.time}  ${String(event.sequence).padStart(4)}  ${event.type}`);
      after = event.sequence;
    }
    if (final.has(status)) return;
    await delay(LOOK_MS, undefined, { signal });
  }
}

async function watchAll(waybill: Waybill, json: boolean, signal: AbortSignal): Promise<void> {
  const began = new Date().toISOString();
  /** The versions that were told, of orders that changed lately. */
  let told = new Map<string, string>();
  for (let since = Date.now(); ;) {
    const sdt = new Date(since - OVERLAP_MS).toISOString();
    const seen = new Map<string, string>();
    since = Date.now();
    const query = { sort: "updated_at", sdt, list_type: "summary", limit: PAGE } as const;
    for await (const order of waybill.listOrders(query, { signal })) {
      const { id, updated_at } = order;
      seen.set(id, updated_at);
      if (updated_at >= began && told.get(id) !== updated_at) tellOf(order, json);
    }
    told = seen;
    await delay(LOOK_MS, undefined, { signal });
  }
}

function tellOf(order: OrderSummary, json: boolean): void {
  if (json) return sayJson(order);
  const { updated_at, id, customer_identifier, status, substatus } = order;
  say(`${updated_at}  ${id}  ${customer_identifier}  ${substatus ? `${status} (${substatus})` : status}`);
}
