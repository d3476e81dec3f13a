import type { EndpointGate } from "./endpoint-gate.ts";

/** What is known of a registration that has or had something to send. */
export interface Entry {
  id: string;
  gate: EndpointGate;
  /** It may have due lanes that nobody has claimed. */
  wants: boolean;
  claiming: boolean;
  claims: number;
  claimedAtMs: number;
  /** Whether its owner changed it since the last claim, and whether that found it deleted. */
  registration: "known" | "changed" | "deleted";
  /** When it is looked at again, being paused; null if it is not. */
  pausedUntilMs: number | null;
  /** When it is wanted by time alone, on a grid, each with what takes it back. */
  alarms: Map<number, () => void>;
  usedAtMs: number;
}

/** One of which nothing is known yet. */
export function newEntry(id: string, gate: EndpointGate, nowMs: number): Entry {
  return {
    id,
    gate,
    wants: false,
    claiming: false,
    claims: 0,
    claimedAtMs: -Infinity,
    registration: "known",
    pausedUntilMs: null,
    alarms: new Map(),
    usedAtMs: nowMs,
  };
}
