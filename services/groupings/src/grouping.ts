import { isDeepStrictEqual } from "node:util";
import type { AggregateDocument, Decision } from "@waybill/events/aggregates.ts";
import type { NewEvent } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { Grouping, GroupingItem } from "@waybill/proto/groupings/v1/groupings.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import { nextRelease, releasesAt, type ReleaseDates, type ToldRelease } from "./release.ts";
import { attribute, outstanding, type Counters } from "./roll-up.ts";

/** An item as it is stored: the message without what depends on the clock. */
export interface StoredItem extends Omit<GroupingItem, "release_at" | "is_prerelease" | "is_released"> {
  id: number;
  order_line_item_id: string;
  quantity: number;
}

/** A grouping as it is stored: the message without the profile's names, its sums, and what depends on the clock. */
export interface StoredGrouping {
  id: number;
  reference: string;
  system_reference: string;
  profile_id: number;
  items: StoredItem[];
  version: number;
  created_at: string;
  updated_at: string;
}

/** What groupings knows of a line. */
export type KnownLine = Required<
  Pick<LineItem, "id" | "sku_id" | "sku_customer_id" | "quantity" | "base_units_per_unit">
>;

/** The lines of an order and the ledger of what happened to them, as line-items has them at one moment. */
export interface LinesSnapshot {
  /** Of the lines' last event: a snapshot with a higher one is newer. */
  sequence: number;
  /** Of the order's last event that the ledger holds. */
  order_sequence: number;
  lines: KnownLine[];
  /** In the order in which they happened. */
  movements: Movement[];
}

/** The groupings of one order: one aggregate, so that what they have of a line is guarded by its version. */
export interface GroupingsDocument extends AggregateDocument {
  order_nr: number | null;
  storefront_id: number | null;
  /** In order of creation. */
  groupings: StoredGrouping[];
  snapshot: LinesSnapshot;
  /** Of every SKU in the groupings. */
  releases: ToldRelease[];
  /** When `tellReleases` has to look again; null: when something changes. A BSON date, for its index. */
  release_check_at: Date | null;
}

/** The groupings of an order without what they were counted from, which grows with all that happens to it. */
export type GroupingsView = Pick<GroupingsDocument, "_id" | "groupings">;

export const groupingsCollection: CollectionDeclaration = {
  name: "groupings",
  indexes: [
    { name: "by_order_nr", key: { tenant_id: 1, order_nr: 1 } },
    { name: "by_storefront_id", key: { tenant_id: 1, storefront_id: 1 } },
    { name: "by_tenant", key: { tenant_id: 1, _id: 1 } },
    { name: "by_sku", key: { tenant_id: 1, "releases.sku_id": 1 } },
    {
      name: "release_checks",
      key: { release_check_at: 1 },
      partialFilterExpression: { release_check_at: { $type: "date" } },
    },
  ],
};

/** The types of the events of a grouping. */
export const eventTypes = {
  created: "waybill.grouping.created.v1",
  updated: "waybill.grouping.updated.v1",
  deleted: "waybill.grouping.deleted.v1",
  /** Its counters followed the order's lines. */
  moved: "waybill.grouping.moved.v1",
  /** A release date of one of its SKUs passed or moved. */
  released: "waybill.grouping.released.v1",
} as const;

/** The rule of following an order's lines: an older snapshot than the known one changes nothing. */
export function followLines(
  document: GroupingsDocument,
  snapshot: LinesSnapshot,
): Decision<GroupingsDocument> {
  if (snapshot.sequence < document.snapshot.sequence) return { state: document, events: [] };
  return recompute(document, snapshot);
}

/**
 * The rule of taking an order's lines and ledger from this snapshot alone. An item whose line is gone goes too;
 * counters that change are told.
 */
export function recompute(document: GroupingsDocument, snapshot: LinesSnapshot): Decision<GroupingsDocument> {
  const lines = new Map(snapshot.lines.map((line) => [line.id, line]));
  const groupings = document.groupings.map((grouping) => ({
    ...grouping,
    items: grouping.items
      .filter(({ order_line_item_id }) => lines.has(order_line_item_id))
      .map((item) => ofLine(item, lines.get(item.order_line_item_id)!)),
  }));
  // Other SKUs have other release dates.
  const sameSkus = isDeepStrictEqual(skuIdsOf(groupings), skuIdsOf(document.groupings));
  const watched = sameSkus ? {} : { release_check_at: new Date(document.updated_at) };
  return settle(document, { ...document, ...watched, snapshot, groupings });
}

/** The SKUs in these groupings, each once. */
export function skuIdsOf(groupings: readonly StoredGrouping[]): string[] {
  return [...new Set(groupings.flatMap(({ items }) => items.map(({ sku_id }) => sku_id!)))];
}

/** An item with the names that its line has. */
export function ofLine(item: StoredItem, { sku_id, sku_customer_id }: KnownLine): StoredItem {
  return { ...item, sku_id, sku_customer_id };
}

/**
 * What follows from other groupings or lines: counters, versions, and an event for every grouping that
 * changed, `moved` unless `told` names another type for its id. The document itself if nothing changes.
 */
export function settle(
  before: GroupingsDocument,
  after: GroupingsDocument,
  told: ReadonlyMap<number, string> = new Map(),
): Decision<GroupingsDocument> {
  const known = new Map(before.groupings.map((grouping) => [grouping.id, grouping]));
  const groupings = rollUp(after).map((grouping) => {
    const old = known.get(grouping.id);
    if (old && isDeepStrictEqual(old, grouping)) return old;
    return { ...grouping, version: grouping.version + 1, updated_at: before.updated_at };
  });
  const state = { ...after, groupings };
  if (isDeepStrictEqual(state, before)) return { state: before, events: [] };
  const changed = groupings.filter((grouping) => grouping !== known.get(grouping.id));
  return {
    state,
    events: changed.map((one) => groupingEvent(before, told.get(one.id) ?? eventTypes.moved, one)),
  };
}

/** What a grouping's event says: the grouping as it is stored, with its sums, and what the event adds. */
export function groupingEvent(
  { _id }: GroupingsDocument,
  type: string,
  grouping: StoredGrouping,
  more: object = {},
): NewEvent {
  return {
    topic: topics.groupings,
    type,
    data: { order_id: _id, ...grouping, ...sumsOf(grouping), ...more },
  };
}

const counterNames = [
  "quantity_ordered",
  "quantity_fulfilled",
  "quantity_outstanding",
  "quantity_returned",
  "quantity_returning",
  "uom_quantity_ordered",
  "uom_quantity_fulfilled",
  "uom_quantity_outstanding",
  "uom_quantity_returned",
  "uom_quantity_returning",
] as const satisfies (keyof Grouping & keyof StoredItem)[];

/** The counters of a grouping: the sums of those of its items. */
export function sumsOf({ items }: StoredGrouping): Record<(typeof counterNames)[number], number> {
  const sum = (name: (typeof counterNames)[number]) =>
    items.reduce((total, item) => total + (item[name] ?? 0), 0);
  return Object.fromEntries(counterNames.map((name) => [name, sum(name)])) as ReturnType<typeof sumsOf>;
}

/** The same groupings with the counters that follow from lines and ledger. */
function rollUp({ groupings, snapshot }: GroupingsDocument): StoredGrouping[] {
  const movements = Map.groupBy(snapshot.movements, ({ order_line_item_id }) => order_line_item_id);
  const claims = Map.groupBy(
    groupings.flatMap(({ id, items }) =>
      items.map((item) => ({ grouping_id: id, item, quantity: item.quantity })),
    ),
    ({ item }) => item.order_line_item_id,
  );
  const counted = new Map<StoredItem, StoredItem>();
  for (const line of snapshot.lines) {
    const onLine = claims.get(line.id!) ?? [];
    const counters = attribute(line.quantity!, onLine, movements.get(line.id!) ?? []);
    onLine.forEach(({ item }, index) => counted.set(item, withCounters(item, line, counters[index]!)));
  }
  return groupings.map((grouping) => ({
    ...grouping,
    items: grouping.items.map((item) => counted.get(item)!),
  }));
}

function withCounters(item: StoredItem, { base_units_per_unit }: KnownLine, counters: Counters): StoredItem {
  const { ordered, fulfilled, returned, returning } = counters;
  const units = { ordered, fulfilled, outstanding: outstanding(counters), returned, returning };
  const named = Object.entries(units).flatMap(([name, count]) => [
    [`quantity_${name}`, count * (base_units_per_unit ?? 1)],
    [`uom_quantity_${name}`, count],
  ]);
  return { ...item, ...Object.fromEntries(named) };
}

/**
 * The rule of telling releases: an event for every grouping and date that passed or moved since it was told
 * last. A SKU that is new to the groupings is noted and not told.
 */
export function tellReleases(document: GroupingsDocument, dates: ReleaseDates): Decision<GroupingsDocument> {
  const releases = releasesAt(skuIdsOf(document.groupings), dates, document.updated_at);
  const next = nextRelease(releases);
  const state = { ...document, releases, release_check_at: next === null ? null : new Date(next) };
  const told = new Map(document.releases.map((release) => [release.sku_id, release]));
  const news = releases.filter((release) => {
    const before = told.get(release.sku_id);
    return before && !isDeepStrictEqual(before, release);
  });
  return news.length === 0 ? { state, events: [] } : tellNews(state, news);
}

function tellNews(state: GroupingsDocument, news: readonly ToldRelease[]): Decision<GroupingsDocument> {
  const events: NewEvent[] = [];
  const groupings = state.groupings.map((grouping) => {
    const own = news.filter(({ sku_id }) => grouping.items.some((item) => item.sku_id === sku_id));
    if (own.length === 0) return grouping;
    const next = { ...grouping, version: grouping.version + 1, updated_at: state.updated_at };
    for (const releases of Map.groupBy(own, ({ release_at }) => release_at).values())
      events.push(groupingEvent(state, eventTypes.released, next, { releases }));
    return next;
  });
  return { state: { ...state, groupings }, events };
}

/** The told releases when the groupings have other SKUs: those that were told of stay as they were told. */
export function releasesOf(
  document: Pick<GroupingsDocument, "groupings" | "releases">,
  dates: ReleaseDates,
  now: string,
): ToldRelease[] {
  const told = new Map(document.releases.map((release) => [release.sku_id, release]));
  return releasesAt(skuIdsOf(document.groupings), dates, now).map(
    (release) => told.get(release.sku_id) ?? release,
  );
}
