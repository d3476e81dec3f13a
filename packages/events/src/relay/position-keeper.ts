import { setTimeout as delay } from "node:timers/promises";
import type { OutboxBatch } from "./outbox-stream.ts";
import type { RelaySlots } from "./slots.ts";

/** Between two writes of a position that moves. */
const SAVE_MS = 100;

type Position = Pick<OutboxBatch, "token" | "publishedTo">;

/**
 * Stores how far slots are published, beside the publishing: a write waits for the disk, which would hold up
 * the next rows. A crash repeats the rows of a moment. Disposing it stores the last position.
 */
export class PositionKeeper implements AsyncDisposable {
  readonly #save: (position: Position) => Promise<boolean>;
  readonly #ended = new AbortController();
  #reached: Position | null = null;
  #saving: Promise<void> | null = null;
  #failure: { error: unknown } | null = null;
  #isLost = false;
  #savedAtMs = 0;

  constructor(slots: RelaySlots, held: readonly number[]) {
    this.#save = ({ token, publishedTo }) => slots.save(held, token, publishedTo);
  }

  /** When a position was last on its way to the database: milliseconds since the epoch. */
  get savedAtMs(): number {
    return this.#savedAtMs;
  }

  /** Everything up to here is published. False if a slot belongs to another relay; throws if storing failed. */
  reached(position: Position): boolean {
    if (this.#failure) throw this.#failure.error;
    this.#reached = position;
    this.#savedAtMs = Date.now();
    this.#saving ??= this.#saveAll();
    return !this.#isLost;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#saving;
  }

  async #saveAll(): Promise<void> {
    try {
      while (this.#reached !== null && !this.#isLost) {
        const position = this.#reached;
        this.#reached = null;
        this.#isLost = !(await this.#save(position));
        await delay(SAVE_MS, undefined, { signal: this.#ended.signal }).catch(() => undefined);
      }
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#saving = null;
    }
  }
}
