import type { LotUnits } from "@waybill/proto/line_items/v1/allocation.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import { summaryOf, type AllocationDocument, type StoredLineAllocation } from "./allocation.ts";
import { sumOf } from "./lot.ts";
import { putBack, takeAway, type OpenShelves } from "./shelves.ts";

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
