import { randomInt } from "node:crypto";
import { v7 } from "uuid";

const REFERENCE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** A new id: a UUID version 7, which sorts by the time it was made. */
export function newId(): string {
  return v7();
}

/**
 * The id of something that happened at `atMs` (milliseconds since the epoch); among several of one
 * millisecond the order is that of `index`.
 */
export function idAt(atMs: number, index: number): string {
  return v7({ msecs: atMs, seq: index });
}

/** The smallest id of that time: ids made before it sort before it. */
export function firstIdAt(atMs: number): string {
  const hex = Math.max(0, Math.floor(atMs)).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** When an id was made: milliseconds since the epoch. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** A number that other systems can quote: the prefix, `/`, and six random characters of A–Z and 0–9. */
export function newReference(prefix: "CO" | "COL" | "COG"): string {
  const letters = Array.from({ length: 6 }, () => REFERENCE_LETTERS[randomInt(REFERENCE_LETTERS.length)]);
  return `${prefix}/${letters.join("")}`;
}
