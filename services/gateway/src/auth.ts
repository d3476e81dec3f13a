import { hash } from "node:crypto";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { Handler } from "./exchange.ts";

const bearerPattern = /^Bearer +(\S+) *$/i;

/** How a key is kept and looked up: its SHA-256, so that neither memory nor timing tells it. */
export function keyHash(key: string): string {
  return hash("sha256", key);
}

/** Lets pass only who sends a known key, and notes whose it is. Refuses with UNAUTHENTICATED. */
export function authenticate(tenants: ReadonlyMap<string, string>): Handler {
  return (request, response, next) => {
    const key = bearerPattern.exec(request.headers.authorization ?? "")?.[1];
    if (key === undefined)
      throw new DomainError("UNAUTHENTICATED", "the request has no Authorization: Bearer <key>");
    const tenantId = tenants.get(keyHash(key));
    if (tenantId === undefined) throw new DomainError("UNAUTHENTICATED", "the key is not known");
    response.locals.tenantId = tenantId;
    next();
  };
}
