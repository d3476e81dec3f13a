import type { Clock } from "../clock.ts";

/** Times that are so close together are one. */
const GRID_MS = 50;

/** Rings at the times that it is set to, each once. */
export class Alarms {
  readonly #clock: Clock;
  readonly #ring: () => void;
  /** What takes each back, by its time. */
  readonly #set = new Map<number, () => void>();

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  get isEmpty(): boolean {
    return this.#set.size === 0;
  }

  /** Rings at this time or a moment later; by the clock, in milliseconds. */
  at(atMs: number): void {
    const tick = Math.ceil(atMs / GRID_MS) * GRID_MS;
    if (this.#set.has(tick)) return;
    const cancel = this.#clock.after(Math.max(0, tick - this.#clock.now()), () => {
      this.#set.delete(tick);
      this.#ring();
    });
    this.#set.set(tick, cancel);
  }

  clear(): void {
    for (const cancel of this.#set.values()) cancel();
    this.#set.clear();
  }
}
