import { pino, type Logger } from "pino";

export type { Logger };

/**
 * The log of a process: JSON lines on stdout, one wide line per unit of work, with a constant message.
 * Ids go into it; bodies, keys, tokens and addresses never do.
 */
export function createLog(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: ["authorization", "token", "secret", "*.authorization", "*.token", "*.secret"],
  });
}

const STACK_FRAMES_MAX = 5;

/** What a log line says of an error: its kind and where it arose; a stack only for those nobody foresaw. */
export function errorFacts(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const cause = error.cause instanceof Error ? { cause: error.cause.name } : {};
  // Only the frames: the message, which may hold personal data, can run over several lines.
  const frames = error.stack?.split("\n").filter((line) => /^ {4}at \S/.test(line)) ?? [];
  return { error: error.name, stack: frames.slice(0, STACK_FRAMES_MAX).join("\n"), ...cause };
}
