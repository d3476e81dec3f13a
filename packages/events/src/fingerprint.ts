import { createHash } from "node:crypto";

/**
 * A hash of what a record says: equal for equal content, whatever the order of its keys, and whether an
 * absent value was left out or sent as null. Meant for messages, whose depth is that of their proto.
 */
export function fingerprint(record: object): string {
  return createHash("sha256").update(canonical(record)).digest("base64url");
}

const plainKey = /^\w+$/;

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  let json = "";
  for (const key of Object.keys(value).sort()) {
    const entry = (value as Record<string, unknown>)[key];
    if (entry === null || entry === undefined) continue;
    const text = canonical(entry);
    // A message that lacks the field says the same of it.
    if (text === "[]" || text === "{}") continue;
    json += `,${plainKey.test(key) ? `"${key}"` : JSON.stringify(key)}:${text}`;
  }
  return `{${json.slice(1)}}`;
}
