import type { Clock } from "../clock.ts";
import { EndpointGate, type GateRules } from "../receiver/endpoint-gate.ts";
import { Ahead, type AheadBudget } from "./ahead.ts";
import { Alarms } from "./alarms.ts";
import type { PlacedWork } from "./lane-work.ts";

/** How long a receiver that gets nothing is remembered. */
const REMEMBERED_MS = 10 * 60_000;

/**
 * What is known of a registration that has or had something to send. Its lanes are, in this order: due and
 * unclaimed (`wants` says that there may be some), being claimed into places that are taken for them, `ahead`,
 * in work, and made but not yet settled. Those in work and those being claimed have a place at the receiver
 * (`gate.inWork`); they and the ones not settled have one of the dispatcher's. It stands in the dispatcher's
 * row of turns while it has lanes that wait and, as far as is known, a place, and is not claiming; what else
 * brings it back there is a place that becomes free, an alarm, and a wake.
 */
export interface Entry<Endpoint> {
  id: string;
  gate: EndpointGate;
  /** Lanes that are claimed, and wait for room. */
  ahead: Ahead<Endpoint>;
  /** It may have due lanes that nobody has claimed. */
  wants: boolean;
  claiming: boolean;
  /** Its lanes that are not settled yet, whether or not they still have their place at the receiver. */
  unsettled: number;
  claims: number;
  claimedAtMs: number;
  /**
   * Whether its owner changed it since the last claim, and whether that found it deleted: then the next claim
   * needs no place, since it has to be looked at, or its lanes closed.
   */
  registration: "known" | "changed" | "deleted";
  /** How often its owner did, or it was found paused. */
  changes: number;
  /** When it is looked at again, being paused; null if it is not. */
  pausedUntilMs: number | null;
  /** When it is wanted by time alone. */
  alarms: Alarms;
  usedAtMs: number;
}

/** What entries of registrations are made with. */
interface EntriesOptions<Endpoint> {
  clock: Clock;
  gate: GateRules;
  /** Lanes that all of them together may claim ahead. */
  aheadMax: number;
  /** Called when an entry's alarm rings. */
  wanted: (entry: Entry<Endpoint>) => void;
  /** Called with what was claimed ahead and will not be begun. */
  giveBack: (entry: Entry<Endpoint>, works: readonly PlacedWork<Endpoint>[]) => void;
}

/** What is known of registrations; of one that has nothing to send it is forgotten in time. */
export class Entries<Endpoint> {
  readonly #options: EntriesOptions<Endpoint>;
  readonly #budget: AheadBudget;
  readonly #byId = new Map<string, Entry<Endpoint>>();

  constructor(options: EntriesOptions<Endpoint>) {
    this.#options = options;
    this.#budget = { lanes: options.aheadMax };
  }

  get(id: string): Entry<Endpoint> | undefined {
    return this.#byId.get(id);
  }

  values(): Iterable<Entry<Endpoint>> {
    return this.#byId.values();
  }

  /** That of a registration; a new one if nothing is known of it. */
  of(id: string): Entry<Endpoint> {
    const found = this.#byId.get(id);
    if (found) return found;
    const { clock, gate, wanted, giveBack } = this.#options;
    const entry: Entry<Endpoint> = {
      id,
      gate: new EndpointGate(gate),
      ahead: new Ahead(clock, this.#budget, (works) => giveBack(entry, works)),
      wants: false,
      claiming: false,
      unsettled: 0,
      claims: 0,
      claimedAtMs: -Infinity,
      registration: "known",
      changes: 0,
      pausedUntilMs: null,
      alarms: new Alarms(clock, () => wanted(entry)),
      usedAtMs: clock.now(),
    };
    this.#byId.set(id, entry);
    return entry;
  }

  /** Drops those that had nothing to send for long, or are another one's. */
  forget(owns: (id: string) => boolean): void {
    const usedAfterMs = this.#options.clock.now() - REMEMBERED_MS;
    for (const [id, { gate, ahead, claiming, unsettled, wants, alarms, usedAtMs }] of this.#byId) {
      const isBusy = gate.inWork > 0 || ahead.size > 0 || unsettled > 0 || claiming;
      const isIdle = !isBusy && !wants && alarms.isEmpty;
      if (isIdle && (usedAtMs < usedAfterMs || !owns(id))) this.#byId.delete(id);
    }
  }
}
