import type { ErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { OrderDocument } from "./order.ts";
import { arrived, mayArrive } from "./shipments.ts";
import { inProcess, outstanding, packed, returnable, waiting, type Available } from "./units.ts";

const CHANGING_RETRY_MS = 100;

/** Where an order stands (001 Orders, "Order Statuses"), in the order in which it gets there. */
export type Status = "open" | "atWarehouse" | "inProcess" | "packed" | "fulfilled" | "delivered" | "canceled";

/** All of them, in that order. */
export const statuses: readonly Status[] = [
  "open",
  "atWarehouse",
  "inProcess",
  "packed",
  "fulfilled",
  "delivered",
  "canceled",
];

/** What can be done with an order. */
export type Move =
  | "accept"
  | "start"
  | "pack"
  | "ship"
  | "short"
  | "deliver"
  | "hold"
  | "release"
  | "update"
  | "cancel"
  | "return";

interface Legality {
  from: readonly Status[];
  /** Where it leads, unless the order is there or further already. */
  to: Status | ((order: OrderDocument) => Status);
  /** What it needs besides the status. */
  needs?: (order: OrderDocument) => boolean;
  /** Whether it waits while the order is on hold. */
  heldUp?: boolean;
}

const anyUnit = (available: Available) => (order: OrderDocument) =>
  order.line_counts.some((line) => available(line) > 0);
const stays = ({ status }: OrderDocument) => status as Status;
const beforePacked: readonly Status[] = ["open", "atWarehouse", "inProcess"];
const inWarehouse: readonly Status[] = ["atWarehouse", "inProcess", "packed"];

/** The one legality table. */
export const legality: Readonly<Record<Move, Legality>> = {
  accept: { from: ["open"], to: "atWarehouse", heldUp: true },
  start: { from: inWarehouse, to: "inProcess", needs: anyUnit(waiting), heldUp: true },
  pack: { from: ["inProcess", "packed"], to: "packed", needs: anyUnit(inProcess), heldUp: true },
  ship: { from: ["packed"], to: settled, needs: anyUnit(packed), heldUp: true },
  short: { from: inWarehouse, to: settled, needs: anyUnit(outstanding) },
  deliver: { from: ["packed", "fulfilled"], to: arrived, needs: mayArrive },
  hold: { from: ["open", ...inWarehouse], to: stays, needs: ({ hold }) => hold === null },
  release: { from: ["open", ...inWarehouse], to: stays, needs: ({ hold }) => hold !== null },
  update: { from: beforePacked, to: stays },
  cancel: { from: beforePacked, to: "canceled" },
  return: { from: ["packed", "fulfilled", "delivered"], to: stays, needs: anyUnit(returnable) },
};

/** What an order does not say that decides what is allowed with it. */
export interface MoveFacts {
  /** Whether its tenant's requests cancel orders that are in process. */
  cancelsInProcess: boolean;
  /** False if it is known to have no lines yet. */
  hasLines?: boolean;
}

/** What is allowed with the order as it stands; nothing while an update of it is under way. */
export function allowedMoves(order: OrderDocument, facts: MoveFacts): Move[] {
  return order.changing === null ? movesOf(order).filter((move) => !isFutile(order, move, facts)) : [];
}

/** What the table allows and somebody else would refuse: line-items, or the decision of a request. */
function isFutile(
  order: OrderDocument,
  move: Move,
  { cancelsInProcess, hasLines = true }: MoveFacts,
): boolean {
  if (move === "cancel") return order.status === "inProcess" && !cancelsInProcess;
  return move === "accept" && (waitsForStock(order) || !hasLines);
}

/** Whether the warehouse has to wait until units have come in. */
function waitsForStock({ backordered, backorder_policy }: OrderDocument): boolean {
  return backordered && backorder_policy !== "partial_ship";
}

/** A refusal that says what is allowed instead: of what a warehouse does, requests are not its own. */
export function moveRefusal(
  order: OrderDocument,
  move: Move,
  code: ErrorCode,
  why = "",
  retryAfterMs?: number,
): DomainError {
  const refused = [move, "update", "cancel"];
  const others = order.changing === null ? movesOf(order).filter((one) => !refused.includes(one)) : [];
  const detail = `the order is ${order.status}${why}: ${move} is not allowed; allowed now: ${others.join(", ") || "none"}`;
  return new DomainError(code, detail, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function movesOf(order: OrderDocument): Move[] {
  const rows = Object.entries(legality) as [Move, Legality][];
  return rows
    .filter(([, { from }]) => from.includes(order.status as Status))
    .filter(([, { needs }]) => needs?.(order) ?? true)
    .filter(([, { heldUp }]) => !heldUp || order.hold === null)
    .map(([move]) => move);
}

/** Whether the order's status allows it, be the order locked or not. */
export function isOpenTo({ status }: OrderDocument, move: Move): boolean {
  return legality[move].from.includes(status as Status);
}

/**
 * Throws `ORDER_CHANGING` while an update is under way, `ORDER_ON_HOLD` for what a hold keeps from happening,
 * and `STATUS_FORBIDS` unless the move is allowed.
 */
export function assertAllowed(order: OrderDocument, move: Move): void {
  if (order.changing !== null)
    throw moveRefusal(order, move, "ORDER_CHANGING", " and being updated", CHANGING_RETRY_MS);
  if (movesOf(order).includes(move)) return;
  if (movesOf({ ...order, hold: null }).includes(move) && order.hold !== null)
    throw moveRefusal(order, move, "ORDER_ON_HOLD", " and on hold");
  throw moveRefusal(order, move, "STATUS_FORBIDS");
}

/** The order in the status that its move leads to; a status never goes back, and an end ends a hold. */
export function inStatus(order: OrderDocument, to: Legality["to"]): OrderDocument {
  const target = typeof to === "string" ? to : to(order);
  const status = statuses.indexOf(target) > statuses.indexOf(order.status as Status) ? target : order.status;
  const ended = statuses.indexOf(status as Status) >= statuses.indexOf("fulfilled");
  return { ...order, status, hold: ended ? null : order.hold };
}

/** The status that follows from the units: a rest to ship keeps the order where it is. */
export function settled({ status, line_counts }: OrderDocument): Status {
  if (line_counts.some((line) => line.outstanding > 0)) return status as Status;
  return line_counts.some((line) => line.fulfilled > 0) ? "fulfilled" : "canceled";
}
