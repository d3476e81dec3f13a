import type { Clock } from "../src/engine/clock.ts";

interface Timer {
  atMs: number;
  nth: number;
  ring: () => void;
}

/** Time that passes only from one timer to the next: the same timers give the same run. */
export class VirtualTime {
  readonly #timers = new Set<Timer>();
  #made = 0;
  nowMs = 0;
  /** As the engine sees it. */
  readonly clock: Clock = {
    now: () => this.nowMs,
    wallMs: () => this.nowMs,
    after: (ms, ring) => this.after(ms, ring),
  };

  /** Calls `ring` at that time; answers what takes that back. */
  at(atMs: number, ring: () => void): () => void {
    const timer = { atMs: Math.max(atMs, this.nowMs), nth: (this.#made += 1), ring };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  after(ms: number, ring: () => void): () => void {
    return this.at(this.nowMs + ms, ring);
  }

  /** Lets time pass until `condition` holds or nothing is left to happen. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const timer = this.#first();
      if (timer === null) return;
      this.#timers.delete(timer);
      this.nowMs = timer.atMs;
      timer.ring();
      // Everything that follows from it without waiting happens before the next timer.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #first(): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.#timers) if (first === null || isEarlier(timer, first)) first = timer;
    return first;
  }
}

function isEarlier(one: Timer, other: Timer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.nth < other.nth);
}
