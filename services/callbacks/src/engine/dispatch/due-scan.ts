import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { Clock } from "../clock.ts";
import type { DueEndpoint } from "../queue/queue.ts";

/** Between two looks for due lanes when nothing is known to be due earlier. */
export const SCAN_MS_MAX = 1_000;
const SCAN_MS_MIN = 50;
/** Looking takes at most a tenth of the time. */
const SCAN_PAUSE_FACTOR = 9;

interface ScanOptions {
  clock: Clock;
  findDue: () => Promise<DueEndpoint[]>;
  /** Takes what was found. */
  found: (due: readonly DueEndpoint[]) => void;
  log: Logger;
}

/** Looks for registrations with due lanes, at once and then every second. */
export class DueScan {
  readonly #options: ScanOptions;
  #isStopped = false;
  #pauseMs = SCAN_MS_MIN;
  #next: { atMs: number; cancel: () => void } | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ScanOptions) {
    this.#options = options;
    this.soon();
  }

  /** Looks as soon as it may. */
  soon(): void {
    this.#in(0);
  }

  /** Ends it, after the look that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#next?.cancel();
    await this.#running;
  }

  #in(ms: number): void {
    const waitMs = Math.max(ms, this.#pauseMs);
    const atMs = this.#options.clock.now() + waitMs;
    if (this.#isStopped || (this.#next && this.#next.atMs <= atMs)) return;
    this.#next?.cancel();
    const look = () => void (this.#running = this.#look());
    this.#next = { atMs, cancel: this.#options.clock.after(waitMs, look) };
  }

  async #look(): Promise<void> {
    const { clock, findDue, found, log } = this.#options;
    this.#next = null;
    const startedMs = clock.now();
    try {
      found(await findDue());
    } catch (error) {
      log.warn(errorFacts(error), "dispatcher.scan_failed");
    }
    this.#pauseMs = Math.max(SCAN_MS_MIN, SCAN_PAUSE_FACTOR * (clock.now() - startedMs));
    this.#in(SCAN_MS_MAX);
  }
}
