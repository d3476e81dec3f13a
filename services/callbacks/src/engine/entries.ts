import { Alarms } from "./alarms.ts";
import type { Clock } from "./clock.ts";
import { EndpointGate, type GateRules } from "./endpoint-gate.ts";

/** How long a receiver that gets nothing is remembered. */
const REMEMBERED_MS = 10 * 60_000;

/** What is known of a registration that has or had something to send. */
export interface Entry {
  id: string;
  gate: EndpointGate;
  /** It may have due lanes that nobody has claimed. */
  wants: boolean;
  claiming: boolean;
  /** Its lanes that are not settled yet, whether or not they still have their place at the receiver. */
  unsettled: number;
  claims: number;
  claimedAtMs: number;
  /** Whether its owner changed it since the last claim, and whether that found it deleted. */
  registration: "known" | "changed" | "deleted";
  /** When it is looked at again, being paused; null if it is not. */
  pausedUntilMs: number | null;
  /** When it is wanted by time alone. */
  alarms: Alarms;
  usedAtMs: number;
}

/** What is known of registrations; of one that has nothing to send it is forgotten in time. */
export class Entries {
  readonly #clock: Clock;
  readonly #rules: GateRules;
  readonly #wanted: (entry: Entry) => void;
  readonly #byId = new Map<string, Entry>();

  /** `wanted` is called when an entry's alarm rings. */
  constructor(clock: Clock, rules: GateRules, wanted: (entry: Entry) => void) {
    this.#clock = clock;
    this.#rules = rules;
    this.#wanted = wanted;
  }

  get(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  values(): Iterable<Entry> {
    return this.#byId.values();
  }

  /** That of a registration; a new one if nothing is known of it. */
  of(id: string): Entry {
    const found = this.#byId.get(id);
    if (found) return found;
    const entry: Entry = {
      id,
      gate: new EndpointGate(this.#rules),
      wants: false,
      claiming: false,
      unsettled: 0,
      claims: 0,
      claimedAtMs: -Infinity,
      registration: "known",
      pausedUntilMs: null,
      alarms: new Alarms(this.#clock, () => this.#wanted(entry)),
      usedAtMs: this.#clock.now(),
    };
    this.#byId.set(id, entry);
    return entry;
  }

  /** Drops those that had nothing to send for long, or are another one's. */
  forget(owns: (id: string) => boolean): void {
    const usedAfterMs = this.#clock.now() - REMEMBERED_MS;
    for (const [id, { gate, claiming, unsettled, wants, alarms, usedAtMs }] of this.#byId) {
      const isIdle = gate.inWork === 0 && unsettled === 0 && !claiming && !wants && alarms.isEmpty;
      if (isIdle && (usedAtMs < usedAfterMs || !owns(id))) this.#byId.delete(id);
    }
  }
}
