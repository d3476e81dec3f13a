import type { Method } from "@waybill/contract/methods.ts";
import { recordsField } from "@waybill/contract/rules-schema.ts";
import { DomainError, isDependencyDown } from "@waybill/errors/domain-error.ts";
import { coalesced } from "@waybill/process/coalesce.ts";
import { batchResponse, type BatchResponse } from "@waybill/rpc/batch.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { CallMethod } from "./peers.ts";

/** Calls a method for a request whose body has so many bytes; null if nobody knows how many. */
type CallBySize = (request: unknown, options: CallOptions, bytes: number | null) => Promise<unknown>;

/** A request that travels with others. */
interface SmallRequest {
  records: unknown[];
  bytes: number;
  options: CallOptions;
}

// A larger request has nothing to gain.
const REQUEST_RECORDS_MAX = 10;
const REQUEST_BYTES_MAX = 64 * 1024;
/** What a record weighs besides its bytes: a group has fewer of them, and of their lines, than a call may have. */
const RECORD_WEIGHT_BYTES = 1_024;
const GROUP_BYTES_MAX = 512 * 1024;
const WAITING_BYTES_MAX = 32 * 1024 * 1024;
const IN_FLIGHT_MAX = 2;

/**
 * The calls of a method that is `coalesced` in the proto: small requests of a tenant that come while two calls
 * are in flight go together in the next, under the ids of the first. None learns of its company: each is
 * answered for its own records, each record keeps the trace of its request, and when such a call is refused it
 * is found out which of its requests that is for.
 */
export function coalescedCalls(method: Method, call: CallMethod): CallBySize {
  const field = recordsFieldOf(method);
  const others = method.input.fields.map(({ name }) => name).filter((name) => name !== field);
  const sendAll = async (requests: readonly SmallRequest[]): Promise<(BatchResponse | DomainError)[]> => {
    const message = { [field]: requests.flatMap(({ records }) => records), ...envelopeOf(requests) };
    const answer = (await call(message, optionsOf(requests))) as BatchResponse;
    return requests.length === 1 ? [answer] : split(answer, requests);
  };
  const work = async (_: string, requests: readonly SmallRequest[]) => {
    const now = Date.now();
    const inTime = requests.filter(({ options }) => options.deadline > now);
    const answers = inTime.length > 0 ? await sendAll(inTime) : [];
    const byRequest = new Map(inTime.map((request, index) => [request, answers[index]!]));
    return requests.map((request) => byRequest.get(request) ?? new DomainError("DEADLINE_EXCEEDED"));
  };
  const { submit } = coalesced<SmallRequest, BatchResponse | DomainError>(
    { work, isCommon, weightOf: ({ records, bytes }) => bytes + records.length * RECORD_WEIGHT_BYTES },
    { inFlightMax: IN_FLIGHT_MAX, groupMax: GROUP_BYTES_MAX, waitingMax: WAITING_BYTES_MAX },
  );
  return async (request, options, bytes) => {
    const sent = request as Record<string, unknown>;
    const records = sent[field] as unknown[];
    const saysMore = others.some((name) => sent[name] !== null && sent[name] !== undefined);
    const isSmall = bytes !== null && bytes <= REQUEST_BYTES_MAX && records.length <= REQUEST_RECORDS_MAX;
    if (saysMore || !isSmall) return call(request, options);
    const answer = await submit(options.tenantId, { records, bytes, options });
    if (answer instanceof DomainError) throw answer;
    return answer;
  };
}

/** The field of the records. Throws for a method that cannot be coalesced. */
function recordsFieldOf({ path, input, idempotent }: Method): string {
  const field = recordsField(input);
  const fits = field && idempotent && input.fields.some(({ name }) => name === "coalesced");
  if (!fits) throw new Error(`${path} cannot be coalesced, see RestOptions.coalesced`);
  return field.name;
}

/** An outage or overload, which more calls would make worse. Of a deadline the others may have time left. */
function isCommon(error: unknown): boolean {
  if (!(error instanceof DomainError) || error.code === "DEADLINE_EXCEEDED") return false;
  return isDependencyDown(error) || error.code === "TOO_MANY_REQUESTS";
}

/** Under the ids of the first, and no longer than each of them may take. */
function optionsOf(requests: readonly SmallRequest[]): CallOptions {
  const [first] = requests;
  if (requests.length === 1) return first!.options;
  // Without its key: a method that is coalesced knows repeats by what they say.
  const { tenantId, requestId, traceparent } = first!.options;
  const deadline = Math.min(...requests.map(({ options }) => options.deadline));
  return { tenantId, requestId, traceparent, deadline };
}

/** What is said of records that came with several requests. */
function envelopeOf(requests: readonly SmallRequest[]) {
  if (requests.length === 1) return {};
  const traceparents = requests.flatMap(({ records, options }) => records.map(() => options.traceparent));
  return { coalesced: { traceparents } };
}

/**
 * To each request the answer for its own records, counted from 0. What failed all of them for a reason that nobody
 * foresaw fails the request, as it would have failed its call.
 */
function split(
  { results }: BatchResponse,
  requests: readonly SmallRequest[],
): (BatchResponse | DomainError)[] {
  let from = 0;
  return requests.map(({ records }) => {
    const own = results.slice(from, (from += records.length));
    if (own.every(({ code }) => code === "INTERNAL")) return new DomainError("INTERNAL");
    return batchResponse(own.map((result, index) => ({ ...result, index })));
  });
}
