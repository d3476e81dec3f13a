import { DomainError } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type {
  AllocationTerms,
  LineAllocation,
  LotUnits,
  OrderAllocation,
} from "@waybill/proto/line_items/v1/allocation.ts";
import type { LineItem, LineShort } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import { planOrder, statusOf, type LineDemand, type OrderDemand } from "./plan.ts";
import { compareText, sumOf, type PickStyle } from "./lot.ts";
import type { OrderLinesDocument } from "../order-lines.ts";
import { putBack, takeAway, type OpenShelves } from "./shelves.ts";

/** What a line has of the stock, as it is stored. */
interface StoredLineAllocation extends LineAllocation {
  /** Units of `shorted` that no event of the order has told of yet. */
  shorts_ahead: number;
}

/**
 * What one order has of the stock, and why. Orders none of whose SKUs is tracked have no such document. It
 * changes in the same transactions as the stock.
 */
export interface AllocationDocument extends Omit<OrderAllocation, "order_id" | "terms"> {
  /** The order's id. */
  _id: string;
  tenant_id: string;
  terms: AllocationTerms;
  lines: StoredLineAllocation[];
  /** What the last decision about its lines shorted. */
  shorts: LineShort[];
  /** Whether the order is there: until then it is an attempt, which waits for nothing. */
  confirmed: boolean;
  /** The SKUs that it waits for. */
  waiting_skus: string[];
  /** For whose turn it is: 1 first. */
  priority: number;
  /** Among equal priorities the oldest first: RFC 3339, UTC. */
  submitted_at: string;
}

/** What several orders have of the stock, by the order's id. */
export type Bookings = ReadonlyMap<string, AllocationDocument>;

/** Orders by their ids. */
export function byId(orders: readonly AllocationDocument[]): Map<string, AllocationDocument> {
  return new Map(orders.map((order) => [order._id, order]));
}

export const allocationsCollection: CollectionDeclaration = {
  name: "allocations",
  indexes: [
    {
      name: "waiting",
      key: { tenant_id: 1, waiting_skus: 1, confirmed: 1, priority: 1, submitted_at: 1, _id: 1 },
    },
  ],
};

const PRIORITY_DEFAULT = 100;

/** Whose turn comes first: by priority, then age, then id. */
export function compareTurn(
  one: Pick<AllocationDocument, "priority" | "submitted_at" | "_id">,
  other: Pick<AllocationDocument, "priority" | "submitted_at" | "_id">,
): number {
  return (
    one.priority - other.priority ||
    compareText(one.submitted_at, other.submitted_at) ||
    compareText(one._id, other._id)
  );
}

/** What is known of an order's stock before anything was decided. */
export function newAllocation(
  { _id, tenant_id }: Pick<OrderLinesDocument, "_id" | "tenant_id">,
  terms: AllocationTerms,
  now: string,
): AllocationDocument {
  return {
    _id,
    tenant_id,
    status: "untracked",
    terms,
    facilities: [],
    lines: [],
    decided_at: null,
    shorts: [],
    confirmed: false,
    waiting_skus: [],
    ...turnOf(terms, now),
  };
}

/** The order's place among those that wait, by its terms. */
export function turnOf({ priority, submitted_at }: AllocationTerms, now: string) {
  return { priority: priority ?? PRIORITY_DEFAULT, submitted_at: submitted_at ?? now };
}

/**
 * The rule of giving an order's lines their stock anew: what they had goes back first, so that they can have
 * it again. Lines that stay keep what was settled of them.
 */
export function allocate(
  order: AllocationDocument,
  lines: readonly LineItem[],
  pickStyles: ReadonlyMap<string, PickStyle>,
  shelves: OpenShelves,
): AllocationDocument {
  const before = new Map(order.lines.map((line) => [line.order_line_item_id, line]));
  for (const line of order.lines) putBack(shelves, line.sku_id, line.taken);
  const demands = lines.map((line) => demandOf(line, before.get(line.id!), pickStyles));
  return decided(order, { orderId: order._id, terms: order.terms, lines: demands }, shelves);
}

/**
 * The rule of offering free units to an order that waits. It keeps what it has, but an order that must be one
 * shipment and can still change may go to another facility.
 */
export function topUp(
  order: AllocationDocument,
  { lines, open }: Pick<OrderLinesDocument, "lines" | "open">,
  shelves: OpenShelves,
): AllocationDocument {
  const rules = new Map(lines.map((line) => [line.id, line.pick_from]));
  // Not while units of its other SKUs are on offer: their round decides with all that is there.
  const isFree = open && !order.lines.some(({ sku_id }) => shelves.reserved.has(sku_id));
  const moves = isFree && order.terms.split_policy === "single_shipment";
  if (moves) for (const line of order.lines) putBack(shelves, line.sku_id, line.taken);
  const demands = order.lines.map((line): LineDemand => ({
    lineId: line.order_line_item_id,
    skuId: line.sku_id,
    skuCustomerId: line.sku_customer_id,
    pickFrom: rules.get(line.order_line_item_id) ?? [],
    pickStyle: line.pick_style as PickStyle,
    quantity: line.quantity,
    settled: line.settled,
    shorted: line.shorted,
    held: moves ? [] : line.taken,
  }));
  return decided(order, { orderId: order._id, terms: order.terms, lines: demands }, shelves);
}

/** The rule of following units that the order moved; lines that it does not have any more are passed over. */
export function followUnits(
  order: AllocationDocument,
  movements: readonly Movement[],
  shelves: OpenShelves,
): AllocationDocument {
  const lines = order.lines.map((line) =>
    movements
      .filter(({ order_line_item_id }) => order_line_item_id === line.order_line_item_id)
      .reduce((state, movement) => followMovement(state, movement, shelves), line),
  );
  return { ...order, lines, ...summaryOf(lines) };
}

/** What an order has of the stock if none of its SKUs is tracked. */
export function untrackedAllocation(document: OrderLinesDocument): AllocationDocument {
  const { terms, lines, updated_at } = document;
  const untracked = lines.map((line): StoredLineAllocation => ({
    order_line_item_id: line.id!,
    sku_id: line.sku_id!,
    sku_customer_id: line.sku_customer_id!,
    tracked: false,
    quantity: line.quantity!,
    settled: line.quantity! - (line.uom_quantity_outstanding ?? line.quantity!),
    allocated: 0,
    backordered: 0,
    shorted: 0,
    taken: [],
    candidates: [],
    candidates_omitted: 0,
    pick_style: "FIFO",
    shorts_ahead: 0,
  }));
  return { ...newAllocation(document, terms, updated_at), lines: untracked };
}

/** The message of an order's stock. */
export function toOrderAllocation(order: AllocationDocument): OrderAllocation {
  const { _id, status, terms, facilities, lines, decided_at } = order;
  return {
    order_id: _id,
    status,
    terms,
    facilities,
    lines: lines.map(({ shorts_ahead: _ahead, ...line }) => line),
    decided_at,
  };
}

/** The units of each line that have their lots, by the line's id. */
export function allocatedUnits({ lines }: Pick<AllocationDocument, "lines">): ReadonlyMap<string, number> {
  return new Map(lines.map(({ order_line_item_id, allocated }) => [order_line_item_id, allocated]));
}

/** Throws `BACKORDERED` if units wait for stock and the order's policy is not to go without them. */
export function assertMayGo(order: AllocationDocument): void {
  if (isBackordered(order) && order.terms.backorder_policy !== "partial_ship")
    throw new DomainError("BACKORDERED");
}

/** Whether units of it wait for stock. */
export function isBackordered({ status }: Pick<AllocationDocument, "status">): boolean {
  return status === "backordered";
}

/** Whether it has another number of units of some line than `before`. */
export function hasOtherUnits(order: AllocationDocument, before: AllocationDocument): boolean {
  const units = allocatedUnits(before);
  return order.lines.some((line) => line.allocated !== units.get(line.order_line_item_id));
}

/** The SKUs of which it has fewer units of some lot than `before`. */
export function skusGivenBack(before: AllocationDocument, order: AllocationDocument): string[] {
  const left = new Map<string, number>();
  for (const { lot_id, quantity } of order.lines.flatMap(({ taken }) => taken))
    left.set(lot_id, (left.get(lot_id) ?? 0) + quantity);
  const gave = before.lines.filter(({ taken }) =>
    taken.some(({ lot_id, quantity }) => quantity > (left.get(lot_id) ?? 0)),
  );
  return [...new Set(gave.map(({ sku_id }) => sku_id))];
}

function demandOf(
  line: LineItem,
  before: StoredLineAllocation | undefined,
  pickStyles: ReadonlyMap<string, PickStyle>,
): LineDemand {
  const same = before?.sku_id === line.sku_id ? before : undefined;
  return {
    lineId: line.id!,
    skuId: line.sku_id!,
    skuCustomerId: line.sku_customer_id!,
    pickFrom: line.pick_from,
    pickStyle: pickStyles.get(line.sku_id!) ?? "FIFO",
    quantity: line.quantity!,
    settled: same?.settled ?? 0,
    shorted: same?.shorted ?? 0,
    held: [],
  };
}

function decided(order: AllocationDocument, demand: OrderDemand, shelves: OpenShelves): AllocationDocument {
  const { order_id: _id, terms: _terms, ...plan } = planOrder(demand, shelves);
  const ahead = new Map(order.lines.map((line) => [line.order_line_item_id, line.shorts_ahead]));
  const lines = plan.lines.map((line, index) => ({
    ...line,
    shorts_ahead: (ahead.get(line.order_line_item_id) ?? 0) + line.shorted - demand.lines[index]!.shorted,
  }));
  const shorts = plan.lines.flatMap(({ order_line_item_id, sku_id, sku_customer_id, shorted }, index) => {
    const quantity = shorted - demand.lines[index]!.shorted;
    return quantity > 0 ? [{ order_line_item_id, sku_id, sku_customer_id, quantity }] : [];
  });
  return { ...order, ...plan, lines, shorts, ...summaryOf(lines) };
}

function summaryOf(
  lines: readonly StoredLineAllocation[],
): Pick<AllocationDocument, "status" | "waiting_skus"> {
  const waiting = lines.filter(({ backordered }) => backordered > 0);
  return { status: statusOf(lines), waiting_skus: [...new Set(waiting.map(({ sku_id }) => sku_id))] };
}

function followMovement(
  line: StoredLineAllocation,
  { kind, quantity }: Movement,
  shelves: OpenShelves,
): StoredLineAllocation {
  if (kind === "fulfilled") return ship(line, quantity, shelves);
  if (kind === "canceled") return giveUp(line, quantity, shelves);
  if (kind !== "shorted") return line;
  // These were given up when there was no stock for them: the order tells of it only now.
  const known = Math.min(quantity, line.shorts_ahead);
  return giveUp({ ...line, shorts_ahead: line.shorts_ahead - known }, quantity - known, shelves);
}

/** Units that leave the building: first those that have their lots, then some that never came in here. */
function ship(line: StoredLineAllocation, quantity: number, shelves: OpenShelves): StoredLineAllocation {
  const { gone, left } = split(line.taken, quantity);
  takeAway(shelves, line.sku_id, gone);
  const unrecorded = quantity - sumOf(gone);
  return {
    ...line,
    settled: line.settled + quantity,
    taken: left,
    allocated: sumOf(left),
    backordered: Math.max(0, line.backordered - unrecorded),
  };
}

/** Units that the order does not want any more: first those that wait, then those that have their lots. */
function giveUp(line: StoredLineAllocation, quantity: number, shelves: OpenShelves): StoredLineAllocation {
  const waiting = Math.min(quantity, line.backordered);
  const { gone, left } = split(line.taken.toReversed(), quantity - waiting);
  putBack(shelves, line.sku_id, gone);
  return {
    ...line,
    settled: line.settled + quantity,
    taken: left.toReversed(),
    allocated: sumOf(left),
    backordered: line.backordered - waiting,
  };
}

/** Divides units of lots, the first lots first; fewer go if there are not so many. */
function split(units: readonly LotUnits[], quantity: number): { gone: LotUnits[]; left: LotUnits[] } {
  let rest = quantity;
  const gone: LotUnits[] = [];
  const left: LotUnits[] = [];
  for (const part of units) {
    const count = Math.min(rest, part.quantity);
    rest -= count;
    if (count > 0) gone.push({ ...part, quantity: count });
    if (count < part.quantity) left.push({ ...part, quantity: part.quantity - count });
  }
  return { gone, left };
}
