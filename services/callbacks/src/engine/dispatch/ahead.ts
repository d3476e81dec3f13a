import type { Clock } from "../clock.ts";
import type { PlacedWork } from "./lane-work.ts";

/** Lanes of one registration that are claimed beyond its room, at most. */
const AHEAD_LANES_MAX = 96;
/** What their deliveries may weigh together, in bytes. */
const BYTES_MAX = 8 * 1024 * 1024;
/** What has not begun in this time is given back: somebody else may have room for it. */
export const AHEAD_MS = 1_000;
/** Nothing is claimed ahead for so long for a receiver that was too slow for what was. */
const SLOW_MS = 30_000;

/** How many lanes all registrations together may still claim ahead. */
export interface AheadBudget {
  lanes: number;
}

/**
 * Lanes of one registration that were claimed before there was room for them, so that a backlog takes few
 * claims: ten lanes cost the database nearly as much as a hundred. They are held by their leases, and begun
 * as places become free.
 */
export class Ahead<Endpoint> {
  readonly #clock: Clock;
  readonly #budget: AheadBudget;
  readonly #giveBack: (works: readonly PlacedWork<Endpoint>[]) => void;
  #works: PlacedWork<Endpoint>[] = [];
  /** As many as were asked for by the claim that is under way. */
  #asked = 0;
  /** What the next claim may ask for: nothing before one has found more than there was room for. */
  #next = 0;
  #slowUntilMs = -Infinity;
  #stopTimer = () => {};

  /** `giveBack` is called with what has not begun in time. */
  constructor(clock: Clock, budget: AheadBudget, giveBack: (works: readonly PlacedWork<Endpoint>[]) => void) {
    this.#clock = clock;
    this.#budget = budget;
    this.#giveBack = giveBack;
  }

  get size(): number {
    return this.#works.length;
  }

  /** How many lanes the claim that begins takes beyond its room; `isSwift`: whether room comes by itself. */
  ask(isSwift: boolean): number {
    const isSlow = !isSwift || this.#clock.now() < this.#slowUntilMs;
    this.#asked = isSlow ? 0 : Math.min(this.#next, this.#budget.lanes);
    this.#budget.lanes -= this.#asked;
    return this.#asked;
  }

  /** Keeps what a claim found beyond its room; `full` is all it found if there may be more, otherwise nothing. */
  keep(works: readonly PlacedWork<Endpoint>[], full: readonly PlacedWork<Endpoint>[]): void {
    this.#works = upToWeight(works);
    this.#budget.lanes += this.#asked - this.#works.length;
    this.#asked = 0;
    this.#next = lanesLike(full);
    if (this.#works.length < works.length) this.#giveBack(works.slice(this.#works.length));
    if (this.#works.length === 0) return;
    this.#stopTimer = this.#clock.after(AHEAD_MS, () => {
      this.#slowUntilMs = this.#clock.now() + SLOW_MS;
      this.empty();
    });
  }

  /** The next ones, at most `limit`, in the order they were claimed in. */
  take(limit: number): PlacedWork<Endpoint>[] {
    const taken = this.#works.splice(0, limit);
    this.#budget.lanes += taken.length;
    if (this.#works.length === 0) this.#stopTimer();
    return taken;
  }

  /** Gives back what there is. */
  empty(): void {
    const left = this.take(Infinity);
    if (left.length > 0) this.#giveBack(left);
  }
}

/** As many as weigh no more than they may, if they are as these are; none if there are none. */
function lanesLike(works: readonly PlacedWork<unknown>[]): number {
  if (works.length === 0) return 0;
  const bytes = works.reduce((sum, work) => sum + bytesOf(work), 0);
  return Math.min(AHEAD_LANES_MAX, Math.floor((BYTES_MAX * works.length) / Math.max(1, bytes)));
}

/** The first of them, as many as weigh no more than they may. */
function upToWeight<Endpoint>(works: readonly PlacedWork<Endpoint>[]): PlacedWork<Endpoint>[] {
  let bytes = 0;
  const end = works.findIndex((work) => (bytes += bytesOf(work)) > BYTES_MAX);
  return works.slice(0, end === -1 ? works.length : end);
}

function bytesOf({ lane }: PlacedWork<unknown>): number {
  return lane.heads.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
}
