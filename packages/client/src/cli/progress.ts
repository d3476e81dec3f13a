/** How far an import is. */
export interface Counts {
  /** Dealt with in this run. */
  records: number;
  failed: number;
  /** Dealt with in earlier runs. */
  skipped: number;
}

const TERMINAL_MS = 250;
/** In a log every line stays. */
const LOG_MS = 5_000;

/** Tells on stderr how far it is, until its end. */
export function progress(skipped: number, json: boolean): { counts: Counts; end: () => void } {
  const counts: Counts = { records: 0, failed: 0, skipped };
  const startedAt = performance.now();
  const isTerminal = process.stderr.isTTY && !json;
  const show = () => {
    const seconds = (performance.now() - startedAt) / 1_000;
    const rate = Math.round(counts.records / Math.max(seconds, 0.001));
    if (json) process.stderr.write(`${JSON.stringify({ ...counts, seconds: Math.round(seconds), rate })}\n`);
    else
      process.stderr.write(
        `${isTerminal ? "\r\x1b[K" : ""}${counts.records} records, ${counts.failed} failed, ${rate} a second${isTerminal ? "" : "\n"}`,
      );
  };
  const timer = setInterval(show, isTerminal ? TERMINAL_MS : LOG_MS);
  return {
    counts,
    end() {
      clearInterval(timer);
      show();
      if (isTerminal) process.stderr.write("\n");
    },
  };
}
