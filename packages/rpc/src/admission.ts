import { methodAt } from "@waybill/contract/methods.ts";
import { requestCheck } from "@waybill/contract/request-check.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { AdmittedCall } from "./handlers.ts";
import type { Caller } from "./metadata.ts";

/** Lets a call in that may take until `deadline`, or throws why not. */
type Admit = (request: unknown, caller: Caller | null, deadline: number) => AdmittedCall;

/** Who and what a method lets in: a tenant, and a request that keeps the proto's rules. */
export function admission(path: string): Admit {
  const check = requestCheck(methodAt(path).input);
  return (request, caller, deadline) => {
    if (deadline <= Date.now())
      throw new DomainError("DEADLINE_EXCEEDED", "the deadline had passed on arrival");
    if (!caller) throw new DomainError("UNAUTHENTICATED", "the metadata names no waybill-tenant-id");
    const { violations, failures } = check(request);
    if (violations.length > 0) throw new DomainError("INVALID_REQUEST", undefined, { violations });
    return { ...caller, deadline, failures };
  };
}
