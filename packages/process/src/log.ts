import { pino, type DestinationStream, type Logger } from "pino";

export type { Logger };

/**
 * The log of a process: JSON lines on stdout or to `destination`, one wide line per unit of work, with a constant
 * message. Ids go into it; bodies, keys, tokens and addresses never do.
 */
export function createLog(service: string, level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: redactNested },
      redact: [...SECRETS],
    },
    destination,
  );
}

const SECRETS: ReadonlySet<string> = new Set(["authorization", "token", "secret"]);

type Facts = Record<string, unknown>;

/**
 * What a fact that is an object has of SECRETS. pino can do it by paths with a wildcard, which cost more than
 * all the rest of a line, and hardly any line has such a fact. Of what a child logger has for all of its lines
 * only SECRETS themselves are redacted.
 */
function redactNested(facts: Facts): Facts {
  if (!Object.values(facts).some(isRecord)) return facts;
  const redacted = Object.entries(facts).map(([name, fact]) => [
    name,
    isRecord(fact) ? redactIn(fact) : fact,
  ]);
  return Object.fromEntries(redacted) as Facts;
}

function redactIn(facts: Facts): Facts {
  const entries = Object.entries(facts);
  return Object.fromEntries(entries.map(([name, fact]) => [name, SECRETS.has(name) ? "[Redacted]" : fact]));
}

/** What JSON shows field by field. */
function isRecord(value: unknown): value is Facts {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !("toJSON" in value);
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
