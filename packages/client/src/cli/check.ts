import { say, sayJson, styled } from "./terminal.ts";

/** What `doctor` found out about one thing. */
export interface Check {
  /** What was looked at, such as `service orders`. */
  name: string;
  /** `skipped`: it could not be looked at, which says nothing. */
  state: "ok" | "warn" | "fail" | "skipped";
  detail: string;
  /** What to do about it. */
  fix?: string;
}

const PROBE_MS_MAX = 10_000;

/** What a probe found; one that fails or takes longer than ten seconds is a failure with this advice. */
export async function probed(name: string, fix: string, probe: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await inTime(probe());
  } catch (error) {
    return [{ name, state: "fail", detail: reasonOf(error), fix }];
  }
}

/** What `answer` comes to; rejects if it takes longer than ten seconds. */
export function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer in ${PROBE_MS_MAX / 1_000} s`)), PROBE_MS_MAX).unref();
  });
  return Promise.race([answer, late]);
}

/** What went wrong: `fetch` says it in the cause only. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

const marks = {
  ok: ["green", "✓"],
  warn: ["yellow", "!"],
  fail: ["red", "✗"],
  skipped: ["dim", "–"],
} as const;

/** Says what was found; answers whether nothing is wrong. */
export function sayChecks(checks: readonly Check[], json: boolean): boolean {
  const width = Math.max(...checks.map(({ name }) => name.length));
  for (const check of checks) {
    if (json) sayJson(check);
    else sayCheck(check, width);
  }
  const failed = checks.filter(({ state }) => state === "fail").length;
  const warned = checks.filter(({ state }) => state === "warn").length;
  if (!json) say(failed + warned === 0 ? "\nNothing is wrong." : `\n${failed} wrong, ${warned} to look at.`);
  return failed === 0;
}

function sayCheck({ name, state, detail, fix }: Check, width: number): void {
  const [style, mark] = marks[state];
  say(`${styled(style, mark)} ${name.padEnd(width)}  ${detail}`);
  if (fix && state !== "ok") say(`  ${" ".repeat(width)}  → ${fix}`);
}
