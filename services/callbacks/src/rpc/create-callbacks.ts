import { DomainError } from "@waybill/errors/domain-error.ts";
import { newId } from "@waybill/mongo/ids.ts";
import type {
  CallbackResult,
  CreateCallbacksRequest,
  CreateCallbacksResponse,
  NewCallback,
} from "@waybill/proto/callbacks/v1/callbacks.ts";
import { batchResponse } from "@waybill/rpc/batch.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import {
  API_VERSION,
  planRegistrations,
  type CallbackCandidate,
  type Registered,
  urlFailure,
} from "../callback.ts";
import type { CallbacksContext } from "../context.ts";
import { headersFailure } from "../headers.ts";
import { newSigningSecret } from "../secrets.ts";
import { registerCallbacks } from "../store.ts";

export async function createCallbacks(
  context: CallbacksContext,
  { callbacks }: CreateCallbacksRequest,
  call: Call,
): Promise<CreateCallbacksResponse> {
  const checked = callbacks.map(
    (record, index) =>
      call.failures.get(index) ??
      urlFailure(record.url!, context.guard, "/url") ??
      headersFailure(record.headers, "/headers") ??
      toCandidate(record),
  );
  const candidates = checked.filter((item): item is CallbackCandidate => !(item instanceof DomainError));
  const outcomes = await register(context, call, candidates);
  const results = checked.map((item, index) =>
    item instanceof DomainError
      ? toResult(index, item, null)
      : toResult(index, outcomes.get(item)!, item.secret),
  );
  return batchResponse(results);
}

function toCandidate(record: NewCallback): CallbackCandidate {
  return {
    _id: newId(),
    url: record.url!,
    message_type: record.message_type!,
    api_version: record.api_version ?? API_VERSION,
    secret: newSigningSecret(),
    token: record.token ?? null,
    headers: record.headers,
    rate_per_second: record.rate_per_second ?? null,
  };
}

async function register(
  context: CallbacksContext,
  call: Call,
  candidates: readonly CallbackCandidate[],
): Promise<Map<CallbackCandidate, Registered>> {
  if (candidates.length === 0) return new Map();
  const { seal } = context.vault;
  const registering = { tenantId: call.tenantId, seal, now: new Date().toISOString() };
  const { outcomes } = await registerCallbacks(context, call, (existing, heldTypes) =>
    planRegistrations(existing, candidates, { ...registering, heldTypes }),
  );
  context.lookAnew(outcomes.flatMap((outcome) => (outcome instanceof DomainError ? [] : [outcome.id])));
  return new Map(candidates.map((candidate, index) => [candidate, outcomes[index]!]));
}

function toResult(index: number, outcome: Registered, secret: string | null): CallbackResult {
  if (!(outcome instanceof DomainError)) {
    const { id, isNew } = outcome;
    const told = isNew ? secret : null;
    return { index, system_id: id, status: "success", code: null, reason: null, pointer: null, secret: told };
  }
  return {
    index,
    system_id: null,
    status: "failure",
    code: outcome.code,
    reason: outcome.message,
    pointer: outcome.violations[0]?.pointer ?? null,
    secret: null,
  };
}
