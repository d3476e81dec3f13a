import { fieldRules } from "@waybill/contract/descriptors.ts";
import type { Method, Route } from "@waybill/contract/methods.ts";
import type { ErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError, type Violation } from "@waybill/errors/domain-error.ts";
import { pointerAsSent, type SentForm } from "./body-form.ts";

/** One wrong place of a REST request: in its body (a JSON pointer), a path or query parameter, or a header. */
export type Place = ({ pointer: string } | { parameter: string } | { header: string }) & {
  code: ErrorCode;
  detail: string;
};

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
export function refusalOverRest(
  input: Method["input"],
  route: Route,
): (refusal: DomainError, form: SentForm) => RestRefusal {
  const toPlace = placer(input, route);
  return (refusal, form) => {
    const places = refusal.violations.map((violation) => toPlace(violation, form));
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

function placer(input: Method["input"], route: Route): (violation: Violation, form: SentForm) => Place {
  const inPath = new Set(pathFields(route.path));
  const headers = new Map(input.fields.map((field) => [field.name, fieldRules(field).header]));
  return (violation, form) => {
    const { pointer, code, detail } = violation;
    const field = pointer.split("/")[1];
    if (field === undefined) return { pointer, code, detail };
    const header = headers.get(field);
    if (header) return { header, code, detail };
    const inBody = pointer.slice(field.length + 1);
    if (field === route.body) return { pointer: pointerAsSent(inBody, form, route), code, detail };
    return route.body === "*" && !inPath.has(field) ? { pointer, code, detail } : parameterPlace(violation);
  };
}
