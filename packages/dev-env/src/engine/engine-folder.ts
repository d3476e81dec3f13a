import { mkdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { lastLines } from "./child.ts";

// A line of mongod, of log4j, or the head of a Java exception.
const COMPLAINT = /"s":"[EF]"|\b(ERROR|FATAL)\b|^(Caused by: )?[\w.$]+(Exception|Error): /;
const COMPLAINTS_SHOWN = 3;
const LINE_SHOWN = 300;

/** Makes an engine's own folder in the data folder and returns its absolute path. */
export async function engineFolder(dataDir: string, engine: string): Promise<string> {
  const folder = resolve(dataDir, engine);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Removes an engine's folder, and the data folder if nothing else is in it. */
export async function discardFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  await rmdir(dirname(folder)).catch(() => {});
}

/** Puts the log of the engine's life before aside, so that two lives are kept at most. */
export async function freshLog(path: string): Promise<void> {
  await rename(path, `${path}.1`).catch(() => {});
}

/**
 * What a log says about a failed start: its last errors, and where to read on.
 * @param output What the engine printed; shown if its log has no errors.
 */
export async function complaintsIn(path: string, output = ""): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => COMPLAINT.test(line));
  const last = lines.slice(-COMPLAINTS_SHOWN).map((line) => line.slice(0, LINE_SHOWN));
  if (last.length === 0 && output) last.push(lastLines(output, COMPLAINTS_SHOWN));
  return [...last, `its log is ${path}`].join(" | ");
}
