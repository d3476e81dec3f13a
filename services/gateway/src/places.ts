import type { Route } from "@waybill/contract/methods.ts";
import type { ErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError, type Violation } from "@waybill/errors/domain-error.ts";

/** One wrong place of a REST request: in its body (a JSON pointer), or a path or query parameter. */
export type Place = ({ pointer: string } | { parameter: string }) & { code: ErrorCode; detail: string };

/** A refusal whose places are those of the REST request. */
export class RestRefusal extends DomainError {
  readonly places: readonly Place[];

  constructor(code: ErrorCode, detail: string | undefined, places: readonly Place[], cause?: DomainError) {
    const retryAfterMs = cause?.retryAfterMs ?? null;
    super(code, detail, { cause, ...(retryAfterMs === null ? {} : { retryAfterMs }) });
    this.places = places;
  }
}

/** Turns a service's refusal, whose pointers lead into the gRPC request, into one of the REST request. */
export function refusalOverRest(route: Route): (refusal: DomainError) => RestRefusal {
  const inPath = new Set(pathFields(route.path));
  return (refusal) => {
    const places = refusal.violations.map((violation) => placeOf(violation, route.body, inPath));
    return new RestRefusal(refusal.code, refusal.message, places, refusal);
  };
}

/** The place of a path or query parameter. The pointer may lead into a list: `/id/3`. */
export function parameterPlace({ pointer, code, detail }: Violation): Place {
  return { parameter: pointer.split("/")[1] ?? "", code, detail };
}

/** The fields that a path template binds: `/orders/{order}/events` binds `order`. */
export function pathFields(template: string): string[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
}

function placeOf(violation: Violation, body: string | null, inPath: ReadonlySet<string>): Place {
  const { pointer, code, detail } = violation;
  const field = pointer.split("/")[1];
  if (field === undefined) return { pointer, code, detail };
  if (field === body) return { pointer: pointer.slice(field.length + 1), code, detail };
  return body === "*" && !inPath.has(field) ? { pointer, code, detail } : parameterPlace(violation);
}
