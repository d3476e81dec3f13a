import { createHash } from "node:crypto";

/**
 * A hash of what a record says: equal for equal content, whatever the order of its keys, and whether an
 * absent value was left out or sent as null. Meant for messages, whose depth is that of their proto.
 */
export function fingerprint(record: object): string {
  return createHash("sha256").update(canonical(record)).digest("base64url");
}

/** What a message that lacks the field says of it. */
const absent = new Set(["null", "[]", "{}"]);

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .map(([key, entry]) => [key, canonical(entry)] as const)
    .filter(([, entry]) => !absent.has(entry))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${entry}`).join(",")}}`;
}
