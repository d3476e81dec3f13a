import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { parse } from "csv-parse";
import { UsageError } from "./terminal.ts";

/** A record of a file, with the line of the file that it begins in; null where the file has no lines. */
export interface SourceRecord {
  line: number | null;
  /** What is sent; undefined if the line is not JSON. */
  order: unknown;
}

export const formats = ["ndjson", "json", "csv"] as const;
export type Format = (typeof formats)[number];

/** A JSON array is read whole, so it is bounded; NDJSON and CSV are not. */
const JSON_BYTES_MAX = 64 * 1024 * 1024;
const LINE_CHARACTERS_MAX = 2_000_000;

/** The format that a file's name tells. Throws `UsageError` if it tells none. */
export function formatOf(file: string): Format {
  const extension = extname(file).slice(1).toLowerCase();
  const found = formats.find((format) => format === (extension === "jsonl" ? "ndjson" : extension));
  if (!found)
    throw new UsageError(`what ${file} holds is not told by its name: give --format ${formats.join("|")}`);
  return found;
}

/** The records of a file, `-` for the standard input, as they are read. */
export async function* readRecords(file: string, format: Format): AsyncGenerator<SourceRecord> {
  const source = file === "-" ? process.stdin : createReadStream(file);
  if (format === "ndjson") yield* readLines(source);
  else if (format === "csv") yield* readTable(source);
  else yield* await readArray(file, source);
}

async function* readLines(source: Readable): AsyncGenerator<SourceRecord> {
  let [number, rest] = [0, ""];
  for await (const chunk of source.setEncoding("utf8") as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    if (rest.length > LINE_CHARACTERS_MAX)
      throw new UsageError(`line ${number + lines.length + 1} is too long`);
    for (const line of lines) yield* toRecord(line, ++number);
  }
  yield* toRecord(rest, number + 1);
}

function* toRecord(text: string, line: number): Generator<SourceRecord> {
  if (text.trim() === "") return;
  try {
    yield { line, order: JSON.parse(text) };
  } catch {
    yield { line, order: undefined };
  }
}

async function readArray(file: string, source: Readable): Promise<SourceRecord[]> {
  if (file !== "-" && (await stat(file)).size > JSON_BYTES_MAX)
    throw new UsageError(
      `${file} is too large for one JSON value: write one order a line, and call it .ndjson`,
    );
  const read: unknown = parsedWhole(await text(source), file);
  return (Array.isArray(read) ? read : [read]).map((order: unknown) => ({ line: null, order }));
}

function parsedWhole(json: string, file: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new UsageError(`${file} is not JSON`);
  }
}

/** The columns that belong to a line of an order; all others are fields of the order. */
const lineColumns = new Set([
  "sku_id",
  "sku_customer_id",
  "quantity",
  "promised_delivery_date",
  "estimated_delivery_date",
]);
const numbers = new Set(["quantity", "priority"]);
const lists = new Set(["value_added_services"]);
const LIST_SEPARATOR = "|";

type Row = Record<string, string>;

/** A row is a line; rows that follow each other with the same customer_identifier are one order. */
async function* readTable(source: Readable): AsyncGenerator<SourceRecord> {
  const parser = parse({ columns: true, bom: true, skip_empty_lines: true, trim: true, info: true });
  source.on("error", (error) => parser.destroy(error));
  let open: (SourceRecord & { order: { customer_identifier?: unknown; line_items: unknown[] } }) | null =
    null;
  for await (const { record, info } of source.pipe(parser) as AsyncIterable<{
    record: Row;
    info: { lines: number };
  }>) {
    const { fields, line } = toParts(record);
    const belongs = open !== null && open.order.customer_identifier === fields["customer_identifier"];
    if (belongs) open!.order.line_items.push(line);
    else {
      if (open !== null) yield open;
      open = { line: info.lines, order: { ...fields, line_items: [line] } };
    }
  }
  if (open !== null) yield open;
}

function toParts(row: Row): { fields: Record<string, unknown>; line: Record<string, unknown> } {
  const cells = Object.entries(row).filter(([, text]) => text !== "");
  const typed = cells.map(([name, text]) => [name, toValue(name, text)] as const);
  return {
    fields: Object.fromEntries(typed.filter(([name]) => !lineColumns.has(name))),
    line: Object.fromEntries(typed.filter(([name]) => lineColumns.has(name))),
  };
}

function toValue(name: string, text: string): unknown {
  // What is no number is sent as it is: the API says what it must be.
  if (numbers.has(name)) return /^-?\d+$/.test(text) ? Number(text) : text;
  return lists.has(name) ? text.split(LIST_SEPARATOR).map((part) => part.trim()) : text;
}
