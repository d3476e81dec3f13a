import { createReadStream } from "node:fs";
import { open, truncate, type FileHandle } from "node:fs/promises";
import type { Outcome } from "./order-batches.ts";
import { UsageError } from "./terminal.ts";

/**
 * The outcomes of an import, one line of JSON each, in the order of the records: so it says how far the import
 * is, and one that goes on skips as many records as it has lines.
 */
export interface ImportReport extends AsyncDisposable {
  /** Records that an earlier run has dealt with. */
  done: number;
  write: (outcomes: readonly Outcome[]) => Promise<void>;
}

const NEWLINE = 0x0a;

/** Opens the report; a new one must not be there yet. Throws `UsageError`. */
export async function openReport(file: string, mode: "new" | "resume" | "overwrite"): Promise<ImportReport> {
  const done = mode === "resume" ? await wholeLines(file) : 0;
  const handle = await openFor(file, mode);
  return {
    done,
    write: (outcomes) =>
      handle.appendFile(outcomes.map((outcome) => `${JSON.stringify(outcome)}\n`).join("")),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function openFor(file: string, mode: "new" | "resume" | "overwrite"): Promise<FileHandle> {
  try {
    return await open(file, { new: "wx", resume: "a", overwrite: "w" }[mode]);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    throw new UsageError(
      `${file} is there already: --resume goes on after its records, --overwrite begins anew`,
    );
  }
}

/** Counts the lines that end, and cuts off one that a crash tore. */
async function wholeLines(file: string): Promise<number> {
  let [lines, bytes, end] = [0, 0, 0];
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
        lines += 1;
        end = bytes + at + 1;
      }
      bytes += chunk.length;
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
  if (end < bytes) await truncate(file, end);
  return lines;
}
