import { setTimeout as delay } from "node:timers/promises";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { OrderSummary } from "@waybill/proto/orders/v1/orders.ts";
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
 * what is to be done follows from the orders' statuses, so it can be stopped and started at any time.
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
  while (!signal.aborted) {
    for (const [status, delayMs] of Object.entries(delays)) {
      await moveOn(channel, tenantId, status as keyof WarehouseDelays, delayMs).catch((error: unknown) => {
        report(`warehouse: ${error instanceof DomainError ? error.message : "a call failed"}; going on`);
      });
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function moveOn(
  channel: ReturnType<typeof openChannel>,
  tenantId: string,
  status: keyof WarehouseDelays,
  delayMs: number,
): Promise<void> {
  const orders = peer(channel, services["waybill.orders.v1.OrderService"]);
  const request = { id: [], cid: [], status, list_type: "summary", limit: ORDERS_AT_ONCE };
  const { summaries } = await orders.listOrders(request, callAs(tenantId));
  const due = summaries.filter(({ updated_at }) => Date.now() - Date.parse(updated_at) >= delayMs);
  await Promise.all(due.map((order) => moveOne(channel, tenantId, status, order)));
}

async function moveOne(
  channel: ReturnType<typeof openChannel>,
  tenantId: string,
  status: keyof WarehouseDelays,
  { id, line_items_count }: OrderSummary,
): Promise<void> {
  if (line_items_count === 0) return;
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
      await warehouse.shipOrder({ ...move, shipment: null }, call);
      break;
    case "fulfilled":
      await warehouse.deliverOrder({ ...move, shipment_ids: [] }, call);
  }
}

function callAs(tenantId: string): CallOptions {
  const deadline = Date.now() + CALL_MS_MAX;
  return { tenantId, requestId: requestIdOr(undefined), traceparent: traceparentOr(undefined), deadline };
}
