import { Option, type Command } from "commander";
import type { CreateOrdersQuery } from "../gen/types.ts";
import { connect, optionsOf, type GlobalOptions } from "./connection.ts";
import { openReport, type ImportReport } from "./import-report.ts";
import { createBatch, inBatches, type Outcome } from "./order-batches.ts";
import { formatOf, formats, readRecords, type Format } from "./order-records.ts";
import { progress, type Counts } from "./progress.ts";
import { exitCodes, say, sayJson, tell, toCount, untilInterrupted, UsageError } from "./terminal.ts";

interface CreateOptions extends GlobalOptions {
  format?: Format;
  mode?: CreateOrdersQuery["mode"];
  batch: string;
  atOnce: string;
  report?: string;
  resume?: boolean;
  overwrite?: boolean;
}

/** More patience than a single call has: an import should outlive a restart of what it talks to. */
const RETRIES = 10;
const FAILURES_SHOWN = 10;

const help = `
NDJSON is one order a line. JSON is an array of orders, or one. CSV is one line item a row: rows that follow each
other with the same customer_identifier are one order; a cell with several value_added_services has | between them.

Every record's outcome goes to the report, in the order of the file. A record that fails never stops the others.
An order that is there already with the same content is a success, so an import can be made again; --resume spares
the time, by skipping the records that the report has.`;

/** `waybill orders create`. */
export function addCreate(orders: Command): void {
  orders
    .command("create")
    .description("creates the orders of a file, however large")
    .argument("<file>", "NDJSON, JSON or CSV; - is the standard input")
    .addOption(new Option("--format <format>", "what the file is; default: by its name").choices(formats))
    .addOption(
      new Option("--mode <mode>", "validate_only: nothing is stored").choices(["partial", "validate_only"]),
    )
    .option("--batch <records>", "records in a request, at most 1000", "250")
    .option("--at-once <requests>", "requests at the same time, at most 16", "4")
    .option("--report <file>", "where outcomes go; default: <file>.report.ndjson")
    .option("--resume", "go on after the records that the report has")
    .option("--overwrite", "begin anew, whatever the report has")
    .addHelpText("after", help)
    .action(async (file: string, _options: unknown, command: Command) => {
      const counts = await createAll(file, optionsOf<CreateOptions>(command));
      if (counts.failed > 0) process.exitCode = exitCodes.failed;
    });
}

async function createAll(file: string, options: CreateOptions): Promise<Counts> {
  const [size, atOnce] = [toCount(options.batch), toCount(options.atOnce)];
  if (size > 1_000 || atOnce > 16) throw new UsageError("--batch is at most 1000, --at-once at most 16");
  const format = options.format ?? formatOf(file);
  const reportFile = options.report ?? `${file === "-" ? "stdin" : file}.report.ndjson`;
  await using report = await openReport(reportFile, reportMode(options));
  const stop = untilInterrupted();
  const waybill = connect(options, { retries: RETRIES });
  const query = options.mode === undefined ? {} : { mode: options.mode };
  const shown = progress(report.done, options.json ?? false);
  const batches = inBatches(readRecords(file, format), size, report.done);
  try {
    const work = (batch: Parameters<typeof createBatch>[1]) => createBatch(waybill, batch, query, stop);
    for await (const outcomes of inTurn(batches, atOnce, work)) await settle(outcomes, report, shown.counts);
  } catch (error) {
    shown.end();
    tell(`stopped after ${shown.counts.records} records; the same command with --resume goes on`);
    throw stop.aborted ? new Error("interrupted") : error;
  }
  shown.end();
  conclude(shown.counts, reportFile, options.json ?? false);
  return shown.counts;
}

function reportMode({ resume, overwrite }: CreateOptions): Parameters<typeof openReport>[1] {
  if (resume && overwrite) throw new UsageError("--resume and --overwrite contradict each other");
  if (resume) return "resume";
  return overwrite ? "overwrite" : "new";
}

async function settle(outcomes: readonly Outcome[], report: ImportReport, counts: Counts): Promise<void> {
  await report.write(outcomes);
  for (const { status, index, line, customer_identifier, code, reason, pointer } of outcomes) {
    counts.records += 1;
    if (status === "success") continue;
    counts.failed += 1;
    if (counts.failed > FAILURES_SHOWN) continue;
    const place = line === null ? `record ${index}` : `line ${line}`;
    tell(`${place} (${customer_identifier ?? "?"}): ${code} ${pointer ?? ""} ${reason}`);
    if (counts.failed === FAILURES_SHOWN) tell("what else fails stands in the report");
  }
}

function conclude(counts: Counts, reportFile: string, json: boolean): void {
  const { records, failed, skipped } = counts;
  if (json) return sayJson({ records, succeeded: records - failed, failed, skipped, report: reportFile });
  const before = skipped > 0 ? `, ${skipped} were done before` : "";
  say(`${records - failed} of ${records} orders are there${before}; each record's outcome: ${reportFile}`);
}

/** Works on a few at the same time, and answers in their order: what is read ahead is bounded. */
async function* inTurn<Input, Output>(
  inputs: AsyncIterable<Input>,
  atOnce: number,
  work: (input: Input) => Promise<Output>,
): AsyncGenerator<Output> {
  const running: Promise<Output>[] = [];
  for await (const input of inputs) {
    const one = work(input);
    // Awaited in its turn; until then a rejection is not unhandled.
    one.catch(() => undefined);
    running.push(one);
    if (running.length >= atOnce) yield await running.shift()!;
  }
  while (running.length > 0) yield await running.shift()!;
}
