import { styleText } from "node:util";

/** Exit codes of every command; 2, commander's own, is for arguments that make no sense. */
export const exitCodes = {
  ok: 0,
  /** The API refused it, a record failed, a check found something wrong. */
  failed: 1,
  usage: 2,
  /** No answer: the same command again may help, and does nothing twice. */
  unreachable: 3,
} as const;

/** A mistake of whoever calls, said in one sentence without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

type Style = Parameters<typeof styleText>[0];

/** Writes a line of the result. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a line beside the result, such as progress. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One JSON value a line, which `jq` and others read as they come. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value));
}

/** A whole number from 1 up. Throws `UsageError`. */
export function toCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`${text} is no number from 1 up`);
}

/** Styled where a person reads it: not in pipes, and not with NO_COLOR. */
export function styled(style: Style, text: string): string {
  const wanted = process.stdout.isTTY && !process.env["NO_COLOR"];
  return wanted ? styleText(style, text) : text;
}

type Cell = string | number | null | undefined;

/** Rows as columns of their widest cell. */
export function sayTable(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const texts = rows.map((row) =>
    row.map((cell) => (cell === null || cell === undefined ? "–" : String(cell))),
  );
  const widths = head.map((title, column) =>
    Math.max(title.length, ...texts.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  say(styled("bold", line(head)));
  for (const row of texts) say(line(row));
}

/** Ended by Ctrl-C: for what runs until somebody has seen enough. */
export function untilInterrupted(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  // Who reads the output has gone, as `head` does.
  process.stdout.once("error", () => stop.abort());
  return stop.signal;
}
