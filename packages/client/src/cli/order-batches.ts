import { InvalidRequestError } from "../gen/errors.ts";
import type { CreateOrdersQuery, OrderInput } from "../gen/types.ts";
import type { Waybill } from "../waybill.ts";
import type { SourceRecord } from "./order-records.ts";

/** What became of one record. */
export interface Outcome {
  /** Its place among the records, from 0. */
  index: number;
  /** The line of the file that it begins in. */
  line: number | null;
  customer_identifier: string | null;
  status: "success" | "failure";
  system_id: string | null;
  code: string | null;
  reason: string | null;
  pointer: string | null;
  warnings: string[];
}

/** A record with its place. */
interface Numbered extends SourceRecord {
  index: number;
}

// Below the API's own bounds: 1,000 records, 10 MiB and 20,000 lines.
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
const BATCH_LINES_MAX = 10_000;

/** Gathers records into batches of at most this many, and of what a request may hold. */
export async function* inBatches(
  records: AsyncIterable<SourceRecord>,
  max: number,
  skip: number,
): AsyncGenerator<Numbered[]> {
  let batch: Numbered[] = [];
  let [bytes, lines, index] = [0, 0, 0];
  for await (const record of records) {
    if (index >= skip) {
      const [size, count] = [sizeOf(record), linesOf(record)];
      const isFull = batch.length >= max || bytes + size > BATCH_BYTES_MAX || lines + count > BATCH_LINES_MAX;
      if (isFull && batch.length > 0) {
        yield batch;
        [batch, bytes, lines] = [[], 0, 0];
      }
      batch.push({ ...record, index });
      bytes += size;
      lines += count;
    }
    index += 1;
  }
  if (batch.length > 0) yield batch;
}

/**
 * Creates the orders of a batch; answers the outcome of each record, in their order. A record that does not
 * have the shape of an order, for which the API refuses the whole request, fails alone: the others are sent
 * again without it. Rejects if the API does not answer, or refuses the request for another reason.
 */
export async function createBatch(
  waybill: Waybill,
  batch: readonly Numbered[],
  query: CreateOrdersQuery,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const outcomes = new Map<number, Outcome>();
  let sent = batch.filter(({ order }) => order !== undefined);
  for (const record of batch) {
    if (record.order === undefined)
      outcomes.set(record.index, failure(record, "MALFORMED_JSON", "not JSON", null));
  }
  while (sent.length > 0) {
    try {
      const { results } = await waybill.createOrders(
        sent.map(({ order }) => order as OrderInput),
        query,
        { signal },
      );
      for (const [place, result] of results.entries()) {
        const { index, line } = sent[place]!;
        outcomes.set(index, { ...result, index, line, status: result.status as Outcome["status"] });
      }
      break;
    } catch (error) {
      const refused =
        error instanceof InvalidRequestError ? refusedOf(error, sent) : new Map<number, Outcome>();
      if (refused.size === 0) throw error;
      for (const [index, outcome] of refused) outcomes.set(index, outcome);
      sent = sent.filter(({ index }) => !refused.has(index));
    }
  }
  return batch.map(({ index }) => outcomes.get(index)!);
}

/** The records that a refusal of the whole request names, each with its first place. */
function refusedOf({ errors }: InvalidRequestError, sent: readonly Numbered[]): Map<number, Outcome> {
  const refused = new Map<number, Outcome>();
  for (const { pointer = "", code, detail } of errors) {
    const [, place = "", inside = ""] = /^\/(\d+)(.*)$/s.exec(pointer) ?? [];
    const record = place === "" ? undefined : sent[Number(place)];
    if (record && !refused.has(record.index))
      refused.set(record.index, failure(record, code, detail, inside));
  }
  return refused;
}

function failure(
  { index, line, order }: Numbered,
  code: string,
  reason: string,
  pointer: string | null,
): Outcome {
  const named = (order as { customer_identifier?: unknown } | null | undefined)?.customer_identifier;
  const customer_identifier = typeof named === "string" ? named : null;
  return {
    index,
    line,
    customer_identifier,
    status: "failure",
    system_id: null,
    code,
    reason,
    pointer,
    warnings: [],
  };
}

function sizeOf({ order }: SourceRecord): number {
  return order === undefined ? 0 : Buffer.byteLength(JSON.stringify(order));
}

function linesOf({ order }: SourceRecord): number {
  const lines = (order as { line_items?: unknown } | null | undefined)?.line_items;
  return Array.isArray(lines) ? lines.length : 0;
}
