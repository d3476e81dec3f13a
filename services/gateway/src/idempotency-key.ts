import type { Route } from "@waybill/contract/methods.ts";
import { isIdempotencyKey } from "@waybill/rpc/idempotency.ts";
import { RestRefusal } from "./places.ts";
import type { RestRequest } from "./request.ts";

/**
 * The `Idempotency-Key` of a POST, or null: as the IETF's draft has it, a string in quotes, or bare, as most
 * clients send it. Other verbs are repeatable by themselves. Refuses with INVALID_REQUEST.
 */
export function readIdempotencyKey({ verb }: Route, headers: RestRequest["headers"]): string | null {
  const header = headers["idempotency-key"];
  if (verb !== "post" || header === undefined) return null;
  const text = header.toString();
  const key = /^"([^"\\]*)"$/.exec(text)?.[1] ?? text;
  if (isIdempotencyKey(key)) return key;
  const detail = "must be 1 to 255 visible ASCII characters";
  throw new RestRefusal("INVALID_REQUEST", undefined, [
    { header: "Idempotency-Key", code: "BAD_FORMAT", detail },
  ]);
}
