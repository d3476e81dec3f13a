import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import type { OrderEvent } from "@waybill/proto/orders/v1/orders.ts";

/** What the events of an order say that it is: a second reading of the rules, that shares no code with them. */
interface Replayed {
  status: string;
  held: boolean;
  lines: Map<string, ReplayedLine>;
}

interface ReplayedLine {
  ordered: number;
  fulfilled: number;
  shorted: number;
  canceled: number;
  returning: number;
  returned: number;
}

/** From which statuses an event may come, and to which it may lead. */
const legal: Record<string, Record<string, string[]>> = {
  accepted: { open: ["atWarehouse"] },
  started: { atWarehouse: ["inProcess"], inProcess: ["inProcess"], packed: ["packed"] },
  packed: { inProcess: ["packed"], packed: ["packed"] },
  shipped: { packed: ["packed", "fulfilled"] },
  shorted: {
    atWarehouse: ["atWarehouse", "canceled"],
    inProcess: ["inProcess", "canceled"],
    packed: ["packed", "fulfilled", "canceled"],
  },
  delivered: { packed: ["packed"], fulfilled: ["fulfilled", "delivered"] },
  held: { open: ["open"], atWarehouse: ["atWarehouse"], inProcess: ["inProcess"], packed: ["packed"] },
  released: { open: ["open"], atWarehouse: ["atWarehouse"], inProcess: ["inProcess"], packed: ["packed"] },
  // An update whose new lines leave nothing to ship tells first that it canceled the order.
  updated: { open: ["open"], atWarehouse: ["atWarehouse"], inProcess: ["inProcess"], canceled: ["canceled"] },
  canceled: { open: ["canceled"], atWarehouse: ["canceled"], inProcess: ["canceled"] },
};
const notOnHold = new Set(["accepted", "started", "packed", "shipped", "held"]);

/** Reads all events of an order from its creation. Throws for the first that may not be. */
export function replay(events: readonly OrderEvent[]): Replayed {
  const state: Replayed = { status: "", held: false, lines: new Map() };
  for (const [index, event] of events.entries()) {
    const [, aggregate, name] = event.type.split(".") as [string, string, string];
    const data = JSON.parse(event.data);
    claim(event.sequence === index + 1, event, "leaves a gap");
    if (name === "created" && aggregate === "order") create(state, data);
    else if (aggregate === "order") follow(state, name, data, event);
    move(state, data.movements ?? [], event);
    if (["shipped", "shorted"].includes(name)) claimSettled(state, event);
  }
  return state;
}

function create(state: Replayed, data: { line_items: { id: string; quantity: number }[] }): void {
  state.status = "open";
  setLines(state, data.line_items);
}

function follow(
  state: Replayed,
  name: string,
  data: { status: string; line_items?: { id: string; quantity: number }[] },
  event: OrderEvent,
): void {
  claim(
    legal[name]?.[state.status]?.includes(data.status),
    event,
    `leads from ${state.status} to ${data.status}`,
  );
  claim(!state.held || !notOnHold.has(name), event, "happens on hold");
  claim(state.held || name !== "released", event, "lifts no hold");
  if (name === "updated") setLines(state, data.line_items!);
  state.status = data.status;
  if (name === "held") state.held = true;
  if (name === "released" || ["fulfilled", "delivered", "canceled"].includes(state.status))
    state.held = false;
}

/** Lines that stay keep what became of their units; of those shorted as many as they have left (`uom_quantity_shorted`). */
function setLines(state: Replayed, lines: readonly { id: string; quantity: number }[]): void {
  const blank = { fulfilled: 0, shorted: 0, canceled: 0, returning: 0, returned: 0 };
  const setLine = ({ id, quantity }: { id: string; quantity: number }): [string, ReplayedLine] => {
    const before = state.lines.get(id) ?? blank;
    return [id, { ...before, ordered: quantity, shorted: Math.min(before.shorted, quantity) }];
  };
  state.lines = new Map(lines.map(setLine));
}

function move({ lines }: Replayed, movements: readonly Movement[], event: OrderEvent): void {
  for (const { order_line_item_id, kind, quantity } of movements) {
    const line = lines.get(order_line_item_id)!;
    if (kind === "return_canceled") line.returning -= quantity;
    else if (kind === "returned")
      [line.returning, line.returned] = [line.returning - quantity, line.returned + quantity];
    else line[kind as "fulfilled" | "shorted" | "canceled" | "returning"] += quantity;
  }
  for (const line of lines.values()) {
    claim(outstandingOf(line) >= 0 && line.returning >= 0, event, "moves units that are not there");
    claim(line.returning + line.returned <= line.fulfilled, event, "returns units that were not shipped");
  }
}

function claimSettled({ status, lines }: Replayed, event: OrderEvent): void {
  const rest = [...lines.values()].some((line) => outstandingOf(line) > 0);
  const shipped = [...lines.values()].some(({ fulfilled }) => fulfilled > 0);
  const isEnd = status === "fulfilled" || status === "canceled";
  claim(isEnd === !rest && (!isEnd || (status === "fulfilled") === shipped), event, `settles as ${status}`);
}

function outstandingOf({ ordered, fulfilled, shorted, canceled }: ReplayedLine): number {
  return ordered - fulfilled - shorted - canceled;
}

function claim(holds: boolean | undefined, { type, sequence }: OrderEvent, what: string): void {
  if (!holds) throw new Error(`${type} (sequence ${sequence}) ${what}`);
}
