import { setTimeout as delay } from "node:timers/promises";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { Shipment } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Order } from "@waybill/proto/orders/v1/orders.ts";
import { services } from "@waybill/proto/services.ts";
import { openChannel, peer, type CallOptions } from "@waybill/rpc/client.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";

/** How long an order stays in each status before the warehouse moves it on. */
export interface WarehouseDelays {
  open: number;
  atWarehouse: number;
  inProcess: number;
  packed: number;
  fulfilled: number;
}

const LOOK_MS = 500;
const CALL_MS_MAX = 10_000;
const ORDERS_AT_ONCE = 100;

/** What is done with an order in each status, as its `allowed_actions` name it. */
const actions: Readonly<Record<keyof WarehouseDelays, string>> = {
  open: "accept",
  atWarehouse: "start",
  inProcess: "pack",
  packed: "ship",
  fulfilled: "deliver",
};

/**
 * Reads `WAREHOUSE_DELAYS_MS`: five numbers, separated by commas, for open, atWarehouse, inProcess, packed
 * and fulfilled. Throws for anything else.
 */
export function warehouseDelays(text: string): WarehouseDelays {
  const numbers = text.split(",").map(Number);
  if (numbers.length !== 5 || numbers.some((number) => !Number.isInteger(number) || number < 0)) {
    throw new Error("WAREHOUSE_DELAYS_MS must be five numbers of milliseconds, separated by commas");
  }
  const [open, atWarehouse, inProcess, packed, fulfilled] = numbers as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { open, atWarehouse, inProcess, packed, fulfilled };
}

/**
 * A simulated warehouse: moves the orders of a tenant on by gRPC, as a real one would. It remembers nothing:
 * what is to be done follows from the orders' statuses, so it can be stopped and started at any time. Orders that
 * may not be moved on, being on hold or waiting for stock, wait and keep no others waiting.
 */
export function startWarehouse(
  ordersAddress: string,
  tenantId: string,
  delays: WarehouseDelays,
  report: (line: string) => void,
): AsyncDisposable {
  const stopping = new AbortController();
  const channel = openChannel("orders", ordersAddress);
  const ended = work(channel, tenantId, delays, report, stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
      channel[Symbol.dispose]();
    },
  };
}

async function work(
  channel: ReturnType<typeof openChannel>,
  tenantId: string,
  delays: WarehouseDelays,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const fail = reportOnce(report);
  while (!signal.aborted) {
    for (const [status, delayMs] of Object.entries(delays))
      await moveOn({ channel, tenantId, fail }, status as keyof WarehouseDelays, delayMs).catch(fail);
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Says the same only once in a row: what fails is tried again all the time. */
function reportOnce(report: (line: string) => void): (error: unknown) => void {
  let said: string | null = null;
  return (error) => {
    const what = error instanceof DomainError ? error.message : "a call failed";
    if (what !== said) report(`warehouse: ${what}; going on`);
    said = what;
  };
}

interface Warehouse {
  channel: ReturnType<typeof openChannel>;
  tenantId: string;
  fail: (error: unknown) => void;
}

/** Moves on what is due in a status: what has waited longest first, page by page. */
async function moveOn(warehouse: Warehouse, status: keyof WarehouseDelays, delayMs: number): Promise<void> {
  const orders = peer(warehouse.channel, services["waybill.orders.v1.OrderService"]);
  const request = { id: [], cid: [], status, sort: "updated_at", limit: ORDERS_AT_ONCE };
  const dueBy = new Date(Date.now() - delayMs).toISOString();
  for (let cursor: string | null = null; ;) {
    const page = await orders.listOrders({ ...request, cursor }, callAs(warehouse.tenantId));
    const due = page.data.filter(({ updated_at }) => updated_at! <= dueBy);
    const moves = due.filter((order) => mayMove(order, status));
    await Promise.all(moves.map((order) => moveOne(warehouse, status, order).catch(warehouse.fail)));
    cursor = page.next_cursor ?? null;
    if (due.length < page.data.length || cursor === null) return;
  }
}

function mayMove(
  { allowed_actions, line_items, substatus, backorder_policy }: Order,
  status: keyof WarehouseDelays,
): boolean {
  const lacksStock = substatus === "backordered" && backorder_policy !== "partial_ship";
  return allowed_actions.includes(actions[status]) && line_items.length > 0 && !lacksStock;
}

async function moveOne(
  { channel, tenantId }: Warehouse,
  status: keyof WarehouseDelays,
  { id }: Order,
): Promise<void> {
  const warehouse = peer(channel, services["waybill.orders.v1.FulfillmentService"]);
  const move = { order: id, request_id: `warehouse:${status}` };
  const call = callAs(tenantId);
  switch (status) {
    case "open":
      await warehouse.acceptOrder(move, call);
      break;
    case "atWarehouse":
      await warehouse.startOrder({ ...move, lines: [] }, call);
      break;
    case "inProcess":
      await warehouse.packOrder({ ...move, lines: [] }, call);
      break;
    case "packed":
      await warehouse.shipOrder({ ...move, shipment: parcelOf(id!) }, call);
      break;
    case "fulfilled":
      await warehouse.deliverOrder({ ...move, shipment_ids: [] }, call);
  }
}

/** What a carrier took, under a number that follows from the order: a repeat of the call says the same. */
function parcelOf(orderId: string): Shipment {
  const tracking_number = `DEMO-${orderId.replaceAll("-", "").toUpperCase()}`;
  const tracking_url = `https://carrier.example/track/${tracking_number}`;
  return { tracking_number, tracking_url, shipment_line_items: [] };
}

function callAs(tenantId: string): CallOptions {
  const deadline = Date.now() + CALL_MS_MAX;
  return { tenantId, requestId: requestIdOr(undefined), traceparent: traceparentOr(undefined), deadline };
}
