import type { AggregationCursor, Collection, Filter, FindCursor } from "mongodb";
import type { OrdersContext } from "./context.ts";
import type { OrderDocument } from "./order.ts";
import type { OrderView } from "./order-view.ts";
import { comparePositions, type Position } from "./position.ts";

/** Which orders a list shows. */
export interface OrderFilter {
  tenantId: string;
  /** Only these, at most 30; empty: all. */
  ids: readonly string[];
  /** Only those with these customer_identifiers, at most 30; empty: all. */
  customerIdentifiers: readonly string[];
  status: string | null;
  /** Updated then or later: RFC 3339, UTC. */
  updatedFrom: string | null;
  /** Updated before: RFC 3339, UTC. */
  updatedBefore: string | null;
}

/** Which part of the list: sorted by `updated_at`, then id. */
interface OrderPage {
  ascending: boolean;
  /** The position of the last order of the page before; null for the first page. */
  after: Position | null;
  /** How many to skip. */
  offset: number;
  limit: number;
}

/** What an order's place in the list follows from. */
type Listed = Pick<OrderDocument, "_id" | "updated_at">;

/** What tells whether an order was written. */
type Versioned = Pick<OrderDocument, "_id" | "version">;

/** Counting costs a microsecond an order. */
const TOTAL_MAX = 1_000_000;

/** A page of orders, as much of them as the view has. */
export async function listStoredOrders<Seen extends Listed>(
  { orders }: OrdersContext,
  filter: OrderFilter,
  page: OrderPage,
  view: OrderView<Seen>,
): Promise<Seen[]> {
  const found = await findPage(orders.collection, filter, page).project<Seen>(view.projection).toArray();
  return (isNamed(filter) ? pageOf(found, page) : found).map(view.complete);
}

/** How many orders the filter lets through; TOTAL_MAX where there are more. */
export async function countStoredOrders({ orders }: OrdersContext, filter: OrderFilter): Promise<number> {
  const [counted] = await countOrders(orders.collection, filter).toArray();
  return counted?.total ?? 0;
}

/** The query of that number. */
export function countOrders(
  collection: Collection<OrderDocument>,
  filter: OrderFilter,
): AggregationCursor<{ total: number }> {
  const stages = [{ $match: wholeList(filter) }, { $limit: TOTAL_MAX }, { $count: "total" }];
  return collection.aggregate<{ total: number }>(stages, { hint: indexFor(filter) });
}

/**
 * The query of a page. The index is named, so that no plan is ever guessed: of orders that are named it finds
 * all, and they are sorted here; any other list is walked in the order of its index.
 */
export function findPage(
  collection: Collection<OrderDocument>,
  filter: OrderFilter,
  page: OrderPage,
): FindCursor<OrderDocument> {
  if (isNamed(filter)) return collection.find(wholeList(filter)).hint(indexFor(filter));
  const direction = page.ascending ? 1 : -1;
  return collection
    .find(page.after === null ? wholeList(filter) : restOfList(filter, page.after, page.ascending))
    .hint(indexFor(filter))
    .sort({ updated_at: direction, _id: direction })
    .skip(page.offset)
    .limit(page.limit);
}

/** Those that were written since they were read, as they are now. */
export async function findChanged<Seen extends Versioned>(
  { orders }: Pick<OrdersContext, "orders">,
  tenantId: string,
  documents: readonly Seen[],
  view: OrderView<Seen>,
): Promise<Seen[]> {
  const among = (ids: string[]) => orders.collection.find({ _id: { $in: ids }, tenant_id: tenantId });
  const current = await among(documents.map(({ _id }) => _id))
    .project<Versioned>({ version: 1 })
    .toArray();
  const versions = new Map(current.map(({ _id, version }) => [_id, version]));
  const changed = documents.filter(({ _id, version }) => versions.get(_id) !== version);
  if (changed.length === 0) return [];
  const ids = changed.map(({ _id }) => _id);
  return (await among(ids).project<Seen>(view.projection).toArray()).map(view.complete);
}

function isNamed({ ids, customerIdentifiers }: OrderFilter): boolean {
  return ids.length > 0 || customerIdentifiers.length > 0;
}

function indexFor({ ids, customerIdentifiers, status }: OrderFilter): string {
  if (ids.length > 0) return "_id_";
  if (customerIdentifiers.length > 0) return "by_customer_identifier";
  return status === null ? "last_updated" : "by_status";
}

function wholeList(filter: OrderFilter): Filter<OrderDocument> {
  const { ids, customerIdentifiers } = filter;
  return {
    ...withStatus(filter),
    ...inTimeRange(filter),
    ...(ids.length > 0 ? { _id: { $in: [...ids] } } : {}),
    ...(customerIdentifiers.length > 0 ? { customer_identifier: { $in: [...customerIdentifiers] } } : {}),
  };
}

/** Each branch is one range of the index, and both are merged in its order. */
function restOfList(
  filter: OrderFilter,
  [updatedAt, id]: Position,
  ascending: boolean,
): Filter<OrderDocument> {
  const beyond = ascending ? "$gt" : "$lt";
  const branch = (rest: Filter<OrderDocument>) => ({
    ...withStatus(filter),
    $and: [inTimeRange(filter), rest],
  });
  return {
    $or: [
      branch({ updated_at: updatedAt, _id: { [beyond]: id } }),
      branch({ updated_at: { [beyond]: updatedAt } }),
    ],
  };
}

function withStatus({ tenantId, status }: OrderFilter): Filter<OrderDocument> {
  return { tenant_id: tenantId, ...(status === null ? {} : { status }) };
}

function inTimeRange({ updatedFrom, updatedBefore }: OrderFilter): Filter<OrderDocument> {
  if (updatedFrom === null && updatedBefore === null) return {};
  return {
    updated_at: {
      ...(updatedFrom === null ? {} : { $gte: updatedFrom }),
      ...(updatedBefore === null ? {} : { $lt: updatedBefore }),
    },
  };
}

/** What a query by names found, as the page that a sorted list would give. */
function pageOf<Seen extends Listed>(found: readonly Seen[], page: OrderPage): Seen[] {
  const { after, offset, limit } = page;
  const ahead = (a: Position, b: Position) =>
    page.ascending ? comparePositions(a, b) : comparePositions(b, a);
  return found
    .filter((order) => after === null || ahead(positionOf(order), after) > 0)
    .sort((a, b) => ahead(positionOf(a), positionOf(b)))
    .slice(offset, offset + limit);
}

/** Where an order stands in the list. */
export function positionOf({ updated_at, _id }: Listed): Position {
  return [updated_at, _id];
}
