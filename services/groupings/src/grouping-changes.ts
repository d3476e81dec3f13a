import { isDeepStrictEqual } from "node:util";
import type { Decision } from "@waybill/events/aggregates.ts";
import { DomainError, invalidAt, refusalOf } from "@waybill/errors/domain-error.ts";
import type { Grouping, GroupingChange, GroupingItem } from "@waybill/proto/groupings/v1/groupings.ts";
import { assertMatches } from "@waybill/rpc/entity-tag.ts";
import { assignItems, type Assignment, type PlacedItem } from "./assignment.ts";
import {
  eventTypes,
  groupingEvent,
  releasesOf,
  settle,
  type GroupingsDocument,
  type StoredGrouping,
  type StoredItem,
} from "./grouping.ts";
import type { ReleaseDates } from "./release.ts";

/** What the rules get besides the request and the groupings. */
export interface ChangeFacts {
  /** Of the order's SKUs. */
  dates: ReleaseDates;
  /** An id for every item of the request, in its order. */
  itemIds: readonly number[];
  /** The `If-Match` of the request. */
  ifMatch: string | null;
}

/** A grouping is found by its id: the path of the request names it. */
interface GroupingRef {
  id: number;
  ifMatch: string | null;
}

const GROUPINGS_MAX = 100;
/** Of all groupings of an order: they are one document. */
const ITEMS_MAX = 5_000;

/** The rule of creating groupings, all or none. `minted` has an id and a reference for each. */
export function createGroupings(
  document: GroupingsDocument,
  records: readonly Grouping[],
  minted: readonly Pick<StoredGrouping, "id" | "system_reference">[],
  { dates, itemIds }: ChangeFacts,
): Decision<GroupingsDocument> {
  const at = document.updated_at;
  const created = records.map((record, index) => ({
    ...minted[index]!,
    reference: record.reference!,
    profile_id: record.profile_id!,
    items: [],
    version: 0,
    created_at: at,
    updated_at: at,
  }));
  const groupings = [...document.groupings, ...created];
  if (groupings.length > GROUPINGS_MAX) throw tooMany("/groupings", "groupings", GROUPINGS_MAX);
  assertReferencesDiffer(groupings, (index) => {
    const own = index - document.groupings.length;
    return own < 0 ? undefined : `/groupings/${own}/reference`;
  });
  const nextIds = idsInTurn(itemIds);
  const assignments = created.map(({ id }, index) =>
    replacing(id, placed(records[index]!.items, `/groupings/${index}/items`, nextIds)),
  );
  return assign(document, groupings, assignments, { dates, type: eventTypes.created });
}

/**
 * The rule of updating groupings, all or none: each change names its grouping by id, else by reference. Items
 * that are not in the change's mask stay.
 */
export function changeGroupings(
  document: GroupingsDocument,
  changes: readonly GroupingChange[],
  placeOf: (index: number) => string,
  { dates, itemIds, ifMatch }: ChangeFacts,
): Decision<GroupingsDocument> {
  const targets = changes.map((change, index) => findTarget(document, change, placeOf(index)));
  assertNamedOnce(targets, placeOf);
  for (const { version } of targets) assertMatches(String(version), ifMatch);
  const references = new Map(targets.map(({ id }, index) => [id, changes[index]!.reference!]));
  const groupings = document.groupings.map((grouping) => ({
    ...grouping,
    reference: references.get(grouping.id) ?? grouping.reference,
  }));
  const places = new Map(targets.map(({ id }, index) => [id, `${placeOf(index)}/reference`]));
  assertReferencesDiffer(groupings, (index) => places.get(groupings[index]!.id));
  const nextIds = idsInTurn(itemIds);
  const assignments = targets.flatMap((target, index) => {
    const records = placed(changes[index]!.items, `${placeOf(index)}/items`, nextIds);
    return changes[index]!.update_mask.includes("items") ? [replacing(target.id, records)] : [];
  });
  return assign(document, groupings, assignments, { dates, type: eventTypes.updated, keepIds: true });
}

/** The rule of removing a grouping. Throws `GROUPING_NOT_FOUND`. */
export function deleteGrouping(document: GroupingsDocument, ref: GroupingRef): Decision<GroupingsDocument> {
  const deleted = changedGrouping(document, ref);
  const groupings = document.groupings.filter((grouping) => grouping !== deleted);
  const { state, events } = settle(document, { ...document, groupings });
  return { state, events: [groupingEvent(document, eventTypes.deleted, deleted), ...events] };
}

/** The rule of adding items to a grouping. Throws `GROUPING_NOT_FOUND`. */
export function addItems(
  document: GroupingsDocument,
  ref: GroupingRef,
  records: readonly GroupingItem[],
  { dates, itemIds }: Pick<ChangeFacts, "dates" | "itemIds">,
): Decision<GroupingsDocument> {
  const { items } = changedGrouping(document, ref);
  const added = placed(records, "/items", idsInTurn(itemIds));
  return setItems(document, { groupingId: ref.id, kept: items, records: added }, dates);
}

/** The rule of changing an item. Throws `GROUPING_NOT_FOUND` or `GROUPING_ITEM_NOT_FOUND`. */
export function changeItem(
  document: GroupingsDocument,
  ref: GroupingRef,
  itemId: number,
  record: GroupingItem,
  dates: ReleaseDates,
): Decision<GroupingsDocument> {
  const grouping = changedGrouping(document, ref);
  const item = itemOf(grouping, itemId);
  const kept = grouping.items.filter((other) => other !== item);
  const records = [{ record, pointer: "/item", id: itemId, lineId: item.order_line_item_id }];
  return setItems(document, { groupingId: ref.id, kept, records }, dates);
}

/** The rule of removing an item. Throws `GROUPING_NOT_FOUND` or `GROUPING_ITEM_NOT_FOUND`. */
export function deleteItem(
  document: GroupingsDocument,
  ref: GroupingRef,
  itemId: number,
  dates: ReleaseDates,
): Decision<GroupingsDocument> {
  const grouping = changedGrouping(document, ref);
  const item = itemOf(grouping, itemId);
  const kept = grouping.items.filter((other) => other !== item);
  return setItems(document, { groupingId: ref.id, kept, records: [] }, dates);
}

/** The grouping that a change names, if its caller knows it as it is. */
function changedGrouping(document: GroupingsDocument, { id, ifMatch }: GroupingRef): StoredGrouping {
  const grouping = groupingOf(document, id);
  assertMatches(String(grouping.version), ifMatch);
  return grouping;
}

function setItems(
  document: GroupingsDocument,
  assignment: Assignment,
  dates: ReleaseDates,
): Decision<GroupingsDocument> {
  return assign(document, document.groupings, [assignment], { dates, type: eventTypes.updated });
}

/** The grouping with this id. Throws `GROUPING_NOT_FOUND`. */
export function groupingOf({ groupings }: Pick<GroupingsDocument, "groupings">, id: number): StoredGrouping {
  const grouping = groupings.find((candidate) => candidate.id === id);
  if (!grouping) throw new DomainError("GROUPING_NOT_FOUND");
  return grouping;
}

/** The item with this id. Throws `GROUPING_ITEM_NOT_FOUND`. */
export function itemOf({ items }: StoredGrouping, id: number): StoredItem {
  const item = items.find((candidate) => candidate.id === id);
  if (!item) throw new DomainError("GROUPING_ITEM_NOT_FOUND");
  return item;
}

/** Puts the assigned items into their groupings, and settles what follows. */
function assign(
  document: GroupingsDocument,
  groupings: readonly StoredGrouping[],
  assignments: readonly Assignment[],
  { dates, type, keepIds = false }: { dates: ReleaseDates; type: string; keepIds?: boolean },
): Decision<GroupingsDocument> {
  const items = assignItems({ ...document, groupings: [...groupings] }, assignments);
  const assigned = groupings.map((grouping) => {
    const own = items.get(grouping.id);
    if (!own) return grouping;
    return { ...grouping, items: keepIds ? withKnownIds(own, grouping.items) : own };
  });
  if (assigned.reduce((sum, { items: own }) => sum + own.length, 0) > ITEMS_MAX)
    throw tooMany("", "items of all groupings", ITEMS_MAX);
  const releases = releasesOf({ ...document, groupings: assigned }, dates, document.updated_at);
  const watched = isDeepStrictEqual(releases, document.releases)
    ? {}
    : { releases, release_check_at: new Date(document.updated_at) };
  const touched = new Set([...items.keys(), ...changedReferences(document, assigned)]);
  const told = new Map([...touched].map((id) => [id, type]));
  return settle(document, { ...document, groupings: assigned, ...watched }, told);
}

function changedReferences(document: GroupingsDocument, groupings: readonly StoredGrouping[]): number[] {
  const known = new Map(document.groupings.map(({ id, reference }) => [id, reference]));
  return groupings.filter(({ id, reference }) => known.get(id) !== reference).map(({ id }) => id);
}

/** An item of a line that the grouping had before keeps its id. */
function withKnownIds(items: readonly StoredItem[], before: readonly StoredItem[]): StoredItem[] {
  const ids = new Map(before.map(({ id, order_line_item_id }) => [order_line_item_id, id]));
  return items.map((item) => ({ ...item, id: ids.get(item.order_line_item_id) ?? item.id }));
}

function findTarget({ groupings }: GroupingsDocument, change: GroupingChange, place: string): StoredGrouping {
  const { id, reference } = change;
  const named = id ? { id } : { reference };
  const target = groupings.find((one) => (id ? one.id === id : one.reference === reference));
  if (target) return target;
  const pointer = `${place}/${Object.keys(named)[0]}`;
  throw refusalOf(pointer, "GROUPING_NOT_FOUND", "the order has no such grouping");
}

function assertNamedOnce(targets: readonly StoredGrouping[], placeOf: (index: number) => string): void {
  const again = targets.findIndex((target, index) => targets.indexOf(target) < index);
  if (again < 0) return;
  throw invalidAt(placeOf(again), "NOT_ALLOWED", "names a grouping again");
}

/** `placeOf` tells where the request gave the grouping at this index its reference, if it did. */
function assertReferencesDiffer(
  groupings: readonly StoredGrouping[],
  placeOf: (index: number) => string | undefined,
): void {
  const byReference = Map.groupBy(groupings.keys(), (index) => groupings[index]!.reference);
  const twice = [...byReference.values()].filter((indexes) => indexes.length > 1).flat();
  if (twice.length === 0) return;
  const code = "DUPLICATE_REFERENCE";
  const pointer = twice.toReversed().map(placeOf).find(Boolean);
  const detail = "another grouping of the order has this reference";
  throw new DomainError(code, detail, { violations: pointer ? [{ pointer, code, detail }] : [] });
}

function replacing(groupingId: number, records: PlacedItem[]): Assignment {
  return { groupingId, kept: [], records };
}

function placed(
  records: readonly GroupingItem[],
  place: string,
  nextIds: (count: number) => number[],
): PlacedItem[] {
  const ids = nextIds(records.length);
  return records.map((record, index) => ({ record, pointer: `${place}/${index}`, id: ids[index]! }));
}

/** Gives the ids one after the other. */
function idsInTurn(ids: readonly number[]): (count: number) => number[] {
  let next = 0;
  return (count) => ids.slice(next, (next += count));
}

function tooMany(pointer: string, what: string, limit: number): DomainError {
  return invalidAt(pointer, "OUT_OF_RANGE", `an order has at most ${limit} ${what}`);
}
