import { refusalAt } from "@waybill/errors/domain-error.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import type { LineCount, Short } from "@waybill/proto/orders/v1/fulfillment.ts";

/** Units as a caller names them: of a line by its id, or of whatever lines have the SKU. */
export interface NamedUnits {
  order_line_item_id?: string | null | undefined;
  sku_customer_id?: string | null | undefined;
  quantity?: number | null | undefined;
  grouping_id?: number | null | undefined;
}

/** What units are named by: a line of an order, or what a return expects of one. */
export interface NamedLine {
  /** The line's id. */
  id: string;
  sku_customer_id: string;
}

/** Units of one line. */
export interface LineUnits<Line extends NamedLine = LineCount> {
  line: Line;
  quantity: number;
  grouping_id: number | null;
  /** Which of the units that the caller named they are. */
  index: number;
}

/** How many units of a line can be taken for something. */
export type Available<Line extends NamedLine = LineCount> = (line: Line) => number;

export const outstanding: Available = (line) => line.outstanding;
/** Of the outstanding: not started yet. */
export const waiting: Available = (line) => line.outstanding - line.in_process - line.packed;
export const inProcess: Available = (line) => line.in_process;
export const packed: Available = (line) => line.packed;
/** Shipped, and neither back nor on their way back. */
export const returnable: Available = (line) => line.fulfilled - line.returning - line.returned;
export const shorted: Available = (line) => line.shorted;

/** Where units go that line-items' ledger follows. */
export type MovementKind =
  "fulfilled" | "shorted" | "canceled" | "returning" | "returned" | "return_canceled";
/** What can be done with units of a line; those that are started or packed are still outstanding. */
type UnitChange = MovementKind | "started" | "packed";

const changes: Readonly<Record<UnitChange, (line: LineCount, units: number) => Partial<LineCount>>> = {
  started: (line, units) => ({ in_process: line.in_process + units }),
  packed: (line, units) => ({ in_process: line.in_process - units, packed: line.packed + units }),
  fulfilled: (line, units) => ({
    packed: line.packed - units,
    outstanding: line.outstanding - units,
    fulfilled: line.fulfilled + units,
  }),
  shorted: (line, units) => ({ ...withoutOutstanding(line, units), shorted: line.shorted + units }),
  canceled: (line, units) => ({ ...withoutOutstanding(line, units), canceled: line.canceled + units }),
  returning: (line, units) => ({ returning: line.returning + units }),
  returned: (line, units) => ({ returning: line.returning - units, returned: line.returned + units }),
  return_canceled: (line, units) => ({ returning: line.returning - units }),
};

/** Units that are given up are those that nobody has touched yet, then those in process, then packed ones. */
function withoutOutstanding(line: LineCount, units: number): Partial<LineCount> {
  const rest = line.outstanding - units;
  const stillPacked = Math.min(line.packed, rest);
  return {
    outstanding: rest,
    packed: stillPacked,
    in_process: Math.min(line.in_process, rest - stillPacked),
  };
}

/** The counts of an order's lines when it leaves `open`; what creation already gave up stands in `shorts`. */
export function countLines(lines: readonly LineItem[], shorts: readonly Short[]): LineCount[] {
  return lines.map(({ id, sku_id, sku_customer_id, quantity }) => {
    const shorted = Math.min(quantity!, shortedOf(id!, shorts));
    return {
      id: id!,
      sku_id: sku_id!,
      sku_customer_id: sku_customer_id!,
      ordered: quantity!,
      outstanding: quantity! - shorted,
      fulfilled: 0,
      shorted,
      canceled: 0,
      returning: 0,
      returned: 0,
      in_process: 0,
      packed: 0,
    };
  });
}

/**
 * The counts after the lines of an order that has not packed anything were replaced: what the warehouse gave
 * up of a line that stays is still given up. Where it works on every unit, it works on the new ones too.
 */
export function recountLines(
  counts: readonly LineCount[],
  lines: readonly LineItem[],
  shorts: readonly Short[],
): LineCount[] {
  const startedBefore = new Map(counts.map((line) => [line.id, line.in_process]));
  const allStarted = counts.some((line) => line.in_process > 0) && !counts.some((line) => waiting(line) > 0);
  return countLines(lines, shorts).map((line) => ({
    ...line,
    in_process: allStarted ? line.outstanding : Math.min(line.outstanding, startedBefore.get(line.id) ?? 0),
  }));
}

function shortedOf(lineId: string, shorts: readonly Short[]): number {
  return shorts
    .filter(({ order_line_item_id }) => order_line_item_id === lineId)
    .reduce((sum, { quantity }) => sum + quantity!, 0);
}

/** Every unit that is available, line by line. */
export function everyUnit<Line extends NamedLine>(
  lines: readonly Line[],
  available: Available<Line>,
): LineUnits<Line>[] {
  return lines
    .map((line) => ({ line, quantity: available(line), grouping_id: null, index: 0 }))
    .filter(({ quantity }) => quantity > 0);
}

/**
 * The units that a caller names, line by line: those of a SKU are taken from its first line that has some
 * available. Throws `REQUIRED`, `LINE_NOT_FOUND` or `QUANTITY_EXCEEDED` with the place in the request.
 */
export function namedUnits<Line extends NamedLine>(
  lines: readonly Line[],
  named: readonly NamedUnits[],
  available: Available<Line>,
  place: string,
): LineUnits<Line>[] {
  const left = new Map(lines.map((line) => [line, available(line)]));
  return named.flatMap((item, index) => {
    const at = `${place}/${index}`;
    let rest = item.quantity!;
    const taken = linesNamed(lines, item, at).map((line) => {
      const quantity = Math.min(rest, left.get(line)!);
      left.set(line, left.get(line)! - quantity);
      rest -= quantity;
      return { line, quantity, grouping_id: item.grouping_id ?? null, index };
    });
    if (rest > 0) throw refusalAt(`${at}/quantity`, "QUANTITY_EXCEEDED", `is ${rest} more than there are`);
    return taken.filter(({ quantity }) => quantity > 0);
  });
}

/** The units that a caller names; every one there is if it names none. */
export function namedOrEveryUnit<Line extends NamedLine>(
  lines: readonly Line[],
  named: readonly NamedUnits[],
  available: Available<Line>,
  place: string,
): LineUnits<Line>[] {
  return named.length > 0 ? namedUnits(lines, named, available, place) : everyUnit(lines, available);
}

function linesNamed<Line extends NamedLine>(lines: readonly Line[], item: NamedUnits, at: string): Line[] {
  const { order_line_item_id: id, sku_customer_id: sku } = item;
  if (!id && !sku)
    throw refusalAt(`${at}/sku_customer_id`, "REQUIRED", "a line is named by its SKU or order_line_item_id");
  const named = lines.filter((line) => (!id || line.id === id) && (!sku || line.sku_customer_id === sku));
  if (named.length > 0) return named;
  throw refusalAt(`${at}/${id ? "order_line_item_id" : "sku_customer_id"}`, "LINE_NOT_FOUND", "is not on it");
}

/** The counts after these units have changed their place. */
export function changeUnits(
  counts: readonly LineCount[],
  units: readonly LineUnits<NamedLine>[],
  change: UnitChange,
): LineCount[] {
  const byLine = Map.groupBy(units, ({ line }) => line.id);
  return counts.map((line) =>
    (byLine.get(line.id) ?? []).reduce(
      (now, { quantity }) => ({ ...now, ...changes[change](now, quantity) }),
      line,
    ),
  );
}

/** The units as an event tells of them. */
export function toMovements(units: readonly LineUnits<NamedLine>[], kind: MovementKind): Movement[] {
  return units.map(({ line, quantity, grouping_id }) => ({
    order_line_item_id: line.id,
    kind,
    quantity,
    grouping_id,
  }));
}
