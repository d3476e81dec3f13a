import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { DueEndpoint } from "./queue.ts";

/** Between two looks for due lanes when nothing is known to be due earlier. */
const SCAN_MS_MAX = 1_000;
const SCAN_MS_MIN = 50;
/** Looking takes at most a tenth of the time. */
const SCAN_PAUSE_FACTOR = 9;

export interface DispatcherOptions<Lane> {
  /** Every registration with lanes, and when the first of them is due. */
  findDue: () => Promise<DueEndpoint[]>;
  /** Claims up to `limit` due lanes of a registration. */
  claim: (callbackId: string, limit: number) => Promise<Lane[]>;
  /** Works on a claimed lane; answers in how many milliseconds it is due again, null if not at all. */
  work: (lane: Lane, signal: AbortSignal) => Promise<number | null>;
  /** Lanes in work at the same time. */
  limits: { endpoint: number; total: number };
  /** How long lanes in work may take to finish when the dispatcher is disposed; then they are aborted. */
  stopMs: number;
  log: Logger;
}

/** Gives due lanes to workers. Disposing it claims no more and lets those in work finish. */
export interface Dispatcher extends AsyncDisposable {
  /** These registrations may have due lanes. */
  wake: (callbackIds: readonly string[]) => void;
}

/**
 * Registrations that may have due lanes take turns; each has at most `limits.endpoint` lanes in work, so that
 * one that hangs keeps nobody else waiting. They are found by wakes of this process, and by looking for all
 * that are due once a second, or when the next is known to be: that finds what other processes left behind.
 */
export function startDispatcher<Lane>(options: DispatcherOptions<Lane>): Dispatcher {
  const dispatcher = new LaneDispatcher(options);
  dispatcher.scanIn(0);
  return dispatcher;
}

class LaneDispatcher<Lane> implements Dispatcher {
  readonly #options: DispatcherOptions<Lane>;
  readonly #stopping = new AbortController();
  /** May have due lanes; in the order of their turns. */
  readonly #ready = new Set<string>();
  /** Slots that a registration has taken. */
  readonly #busy = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  #total = 0;
  #stopped = false;
  #pauseMs = SCAN_MS_MIN;
  #alarm: { at: number; timer: NodeJS.Timeout } | null = null;

  constructor(options: DispatcherOptions<Lane>) {
    this.#options = options;
  }

  wake(callbackIds: readonly string[]): void {
    for (const id of callbackIds) this.#ready.add(id);
    this.#pump();
  }

  /** Looks for due lanes in `ms`, or earlier if that was asked for already. */
  scanIn(ms: number): void {
    const waitMs = Math.max(Math.min(ms, SCAN_MS_MAX), this.#pauseMs);
    const at = performance.now() + waitMs;
    if (this.#stopped || (this.#alarm && this.#alarm.at <= at)) return;
    clearTimeout(this.#alarm?.timer);
    this.#alarm = { at, timer: setTimeout(() => this.#track(this.#scan()), waitMs) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#alarm?.timer);
    const limit = setTimeout(() => this.#stopping.abort(), this.#options.stopMs);
    while (this.#running.size > 0) await Promise.all(this.#running);
    clearTimeout(limit);
  }

  async #scan(): Promise<void> {
    this.#alarm = null;
    const startedMs = performance.now();
    let nextMs = SCAN_MS_MAX;
    try {
      for (const { callbackId, waitMs } of await this.#options.findDue()) {
        if (waitMs <= 0) this.#ready.add(callbackId);
        else nextMs = Math.min(nextMs, waitMs);
      }
    } catch (error) {
      this.#options.log.warn(errorFacts(error), "dispatcher.scan_failed");
    }
    this.#pauseMs = Math.max(SCAN_MS_MIN, SCAN_PAUSE_FACTOR * (performance.now() - startedMs));
    this.scanIn(nextMs);
    this.#pump();
  }

  #pump(): void {
    const { endpoint, total } = this.#options.limits;
    for (const id of this.#ready) {
      const free = Math.min(endpoint - (this.#busy.get(id) ?? 0), total - this.#total);
      if (this.#stopped || this.#total >= total) return;
      if (free <= 0) continue;
      this.#ready.delete(id);
      this.#take(id, free);
      this.#track(this.#claim(id, free));
    }
  }

  /** Claims into `slots` that were taken for it; those that stay empty are given back. */
  async #claim(id: string, slots: number): Promise<void> {
    const lanes = await this.#claimed(id, slots);
    this.#take(id, lanes.length - slots);
    // A full answer says that there may be more; its turn comes after the others'.
    if (lanes.length === slots) this.#ready.add(id);
    for (const lane of lanes) this.#track(this.#work(id, lane));
    this.#pump();
  }

  async #claimed(id: string, limit: number): Promise<Lane[]> {
    try {
      return await this.#options.claim(id, limit);
    } catch (error) {
      this.#options.log.warn({ callback_id: id, ...errorFacts(error) }, "dispatcher.claim_failed");
      return [];
    }
  }

  async #work(id: string, lane: Lane): Promise<void> {
    try {
      const dueInMs = await this.#options.work(lane, this.#stopping.signal);
      if (dueInMs !== null && dueInMs <= 0) this.#ready.add(id);
      else if (dueInMs !== null) this.scanIn(dueInMs);
    } catch (error) {
      this.#options.log.warn({ callback_id: id, ...errorFacts(error) }, "dispatcher.work_failed");
    }
    this.#take(id, -1);
    this.#pump();
  }

  #take(id: string, slots: number): void {
    const busy = (this.#busy.get(id) ?? 0) + slots;
    if (busy > 0) this.#busy.set(id, busy);
    else this.#busy.delete(id);
    this.#total += slots;
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }
}
