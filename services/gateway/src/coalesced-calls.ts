import type { Method } from "@waybill/contract/methods.ts";
import { recordsField } from "@waybill/contract/rules-schema.ts";
import { isDependencyDown } from "@waybill/errors/domain-error.ts";
import type { CoalescedRequests } from "@waybill/proto/batch/v1/batch.ts";
import { batchResponse, type BatchResponse } from "@waybill/rpc/batch.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import { coalesced } from "@waybill/rpc/coalesce.ts";
import { newCaller } from "@waybill/rpc/metadata.ts";
import type { CallMethod } from "./peers.ts";

/** A record of one of the requests that travel together. */
interface Item {
  record: unknown;
  options: CallOptions;
}

/** What the call was answered with that a record traveled in, and the record's place there. */
interface Answered {
  answer: BatchResponse;
  index: number;
  /** Whether it was the call of one request. */
  isAlone: boolean;
}

/** Records of a request that travels with others. A larger one has nothing to gain. */
const RECORDS_MAX = 10;
const LIMITS = { inFlightMax: 2, groupMax: 100, waitingMax: 100_000 };

/**
 * A `call` of a method that is `coalesced` in the proto: requests of a tenant that come while two calls are in
 * flight go together in the next. None learns of its company: each is answered for its own records, each record
 * keeps the trace of its request, and when such a call is refused each of its requests is sent alone.
 */
export function coalescedCalls(method: Method, call: CallMethod): CallMethod {
  const records = assertBatch(method);
  const others = method.input.fields.map(({ name }) => name).filter((name) => name !== records);
  const work = async (tenantId: string, items: readonly Item[]): Promise<Answered[]> => {
    const { options, ...envelope } = envelopeOf(tenantId, items);
    const message = { [records]: items.map(({ record }) => record), ...envelope };
    const answer = (await call(message, options)) as BatchResponse;
    return items.map((_, index) => ({ answer, index, isAlone: envelope.coalesced === undefined }));
  };
  const { submit } = coalesced(work, LIMITS, isDependencyDown);
  return async (message, options) => {
    const sent = message as Record<string, unknown>;
    const list = sent[records] as unknown[];
    const saysMore = others.some((name) => sent[name] !== null && sent[name] !== undefined);
    if (saysMore || list.length === 0 || list.length > RECORDS_MAX) return call(message, options);
    const items = list.map((record) => ({ record, options }));
    const [first] = await submit(options.tenantId, items);
    return first!.isAlone ? first!.answer : partOf(first!, list.length);
  };
}

/** The answer to one of the requests: its own records, counted from 0. */
function partOf({ answer, index: from }: Answered, count: number): BatchResponse {
  const own = answer.results.slice(from, from + count);
  return batchResponse(own.map((result, index) => ({ ...result, index })));
}

/** The field of the records. Throws for a method that cannot be coalesced. */
function assertBatch({ path, input, idempotent }: Method): string {
  const field = recordsField(input);
  const fits = field && idempotent && input.fields.some(({ name }) => name === "coalesced");
  if (!fits) throw new Error(`${path} cannot be coalesced, see RestOptions.coalesced`);
  return field.name;
}

/** How records travel: those of one request as it would, those of several with a trace each. */
function envelopeOf(
  tenantId: string,
  items: readonly Item[],
): { options: CallOptions; coalesced?: CoalescedRequests } {
  const { options } = items[0]!;
  if (items.every((item) => item.options === options)) return { options };
  const deadline = Math.min(...items.map((item) => item.options.deadline));
  return {
    options: { ...newCaller(tenantId, options.traceparent), deadline },
    coalesced: { traceparents: items.map((item) => item.options.traceparent) },
  };
}
