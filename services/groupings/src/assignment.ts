import type { ErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError, type Violation } from "@waybill/errors/domain-error.ts";
import type { GroupingItem } from "@waybill/proto/groupings/v1/groupings.ts";
import { ofLine, type GroupingsDocument, type KnownLine, type StoredItem } from "./grouping.ts";

/** What the items of one grouping shall be: those that stay as they are, and records at their places. */
export interface Assignment {
  groupingId: number;
  kept: readonly StoredItem[];
  records: readonly PlacedItem[];
}

/** An item as a caller sends it. */
export interface PlacedItem {
  record: GroupingItem;
  /** Where it is in the request: a JSON pointer. */
  pointer: string;
  /** The id that it will have. */
  id: number;
  /** The line of an item that is changed, for a record that names none. */
  lineId?: string;
}

type Found = { line: KnownLine } | { violation: Violation };

/** What the counters of a grouping have room for: 000 Orders Groupings, up to 10 digits. */
const UNITS_MAX = 9_999_999_999;

/**
 * The items that the assignments make of their groupings. Refuses, with every place, what names no line or
 * several, a line twice in one grouping, more of a line than all groupings together may have, or more base units
 * than a grouping's counters have room for.
 */
export function assignItems(
  { groupings, snapshot }: GroupingsDocument,
  assignments: readonly Assignment[],
): Map<number, StoredItem[]> {
  const changed = new Set(assignments.map(({ groupingId }) => groupingId));
  const others = groupings.filter(({ id }) => !changed.has(id)).flatMap(({ items }) => items);
  const taken = new Map<string, number>();
  const take = ({ order_line_item_id: line, quantity }: StoredItem) =>
    void taken.set(line, (taken.get(line) ?? 0) + quantity);
  for (const item of [...others, ...assignments.flatMap(({ kept }) => kept)]) take(item);

  const violations: Violation[] = [];
  const assigned = assignments.map(({ groupingId, kept, records }) => {
    const items = [...kept];
    for (const placed of records) {
      const found = findLine(snapshot.lines, placed);
      const wrong =
        "violation" in found ? found.violation : assignmentViolation(found.line, placed, items, taken);
      if (wrong) violations.push(wrong);
      if ("violation" in found) continue;
      const item = toItem(placed, found.line);
      items.push(item);
      take(item);
    }
    return [groupingId, items] as const;
  });
  refuse(violations);
  refuse(assignments.flatMap((one, index) => unitsViolation(one, assigned[index]![1], snapshot.lines)));
  return new Map(assigned);
}

function refuse(violations: readonly Violation[]): void {
  if (violations.length > 0) throw new DomainError("INVALID_REQUEST", undefined, { violations });
}

/** The first record with which the grouping has more base units than there is room for; none if it has not. */
function unitsViolation(
  { kept, records }: Assignment,
  items: readonly StoredItem[],
  lines: readonly KnownLine[],
): Violation[] {
  const perUnit = new Map(lines.map(({ id, base_units_per_unit }) => [id, base_units_per_unit ?? 1]));
  let units = 0;
  const over = items.findIndex(({ order_line_item_id, quantity }) => {
    units += quantity * perUnit.get(order_line_item_id)!;
    return units > UNITS_MAX;
  });
  const record = over < 0 ? undefined : records[Math.max(0, over - kept.length)];
  const detail = `the grouping would have more than ${UNITS_MAX} base units`;
  return record ? [{ pointer: `${record.pointer}/quantity`, code: "OUT_OF_RANGE", detail }] : [];
}

function findLine(lines: readonly KnownLine[], { record, pointer, lineId }: PlacedItem): Found {
  const id = record.order_line_item_id ?? (record.sku_id || record.sku_customer_id ? null : lineId);
  const [field, named] = namesOf(record, id);
  if (!named) return missing(`${pointer}/order_line_item_id`);
  const found = lines.filter(named);
  if (found.length === 1) return { line: found[0]! };
  const place = `${pointer}/${field}`;
  return found.length === 0
    ? violation("LINE_NOT_FOUND", place, "the order has no such line")
    : violation("LINE_AMBIGUOUS", place, "several lines of the order match; name one by order_line_item_id");
}

/** The field that a line is looked up by first, and what the line must have; no test if nothing is named. */
function namesOf(
  { sku_id, sku_customer_id }: GroupingItem,
  lineId: string | null | undefined,
): [field: string, test: ((line: KnownLine) => boolean) | null] {
  const wanted = Object.entries({ id: lineId, sku_id, sku_customer_id }).filter(([, value]) => value);
  if (wanted.length === 0) return ["order_line_item_id", null];
  const [first] = wanted[0]!;
  const test = (line: KnownLine) => wanted.every(([name, value]) => line[name as "id" | "sku_id"] === value);
  return [first === "id" ? "order_line_item_id" : first, test];
}

function assignmentViolation(
  line: KnownLine,
  { record, pointer }: PlacedItem,
  items: readonly StoredItem[],
  taken: ReadonlyMap<string, number>,
): Violation | null {
  if (items.some(({ order_line_item_id }) => order_line_item_id === line.id)) {
    const detail = "the grouping has this line already";
    return { pointer, code: "LINE_NAMED_TWICE", detail };
  }
  const left = Math.max(0, line.quantity! - (taken.get(line.id!) ?? 0));
  if (record.quantity! <= left) return null;
  const detail = `only ${left} of the line's ${line.quantity} units are in no grouping`;
  return { pointer: `${pointer}/quantity`, code: "LINE_OVERASSIGNED", detail };
}

function toItem({ id, record }: PlacedItem, line: KnownLine): StoredItem {
  return ofLine({ id, order_line_item_id: line.id!, quantity: record.quantity! }, line);
}

function missing(pointer: string): Found {
  return violation("REQUIRED", pointer, "names the line; sku_id or sku_customer_id can take its place");
}

function violation(code: ErrorCode, pointer: string, detail: string): Found {
  return { violation: { pointer, code, detail } };
}
