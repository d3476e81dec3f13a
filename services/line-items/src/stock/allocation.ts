import { DomainError } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type {
  AllocationTerms,
  LineAllocation,
  OrderAllocation,
} from "@waybill/proto/line_items/v1/allocation.ts";
import type { LineShort } from "@waybill/proto/line_items/v1/line_items.ts";
import { compareText } from "./lot.ts";
import type { OrderLinesDocument } from "../order-lines.ts";
import { statusOf } from "./plan.ts";

/** What a line has of the stock, as it is stored. */
export interface StoredLineAllocation extends LineAllocation {
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

/** What follows from what its lines have. */
export function summaryOf(
  lines: readonly StoredLineAllocation[],
): Pick<AllocationDocument, "status" | "waiting_skus"> {
  const waiting = lines.filter(({ backordered }) => backordered > 0);
  return { status: statusOf(lines), waiting_skus: [...new Set(waiting.map(({ sku_id }) => sku_id))] };
}
