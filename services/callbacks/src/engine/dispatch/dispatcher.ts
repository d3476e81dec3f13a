import { errorFacts } from "@waybill/process/log.ts";
import type { ClaimedLane } from "../../lane.ts";
import type { EndpointGate } from "../receiver/endpoint-gate.ts";
import type { DueEndpoint } from "../queue/queue.ts";
import { claimFor, endFor, giveBack } from "./claiming.ts";
import type { DispatcherOptions } from "./dispatcher-options.ts";
import { DueScan, SCAN_MS_MAX } from "./due-scan.ts";
import { Entries, type Entry } from "./entries.ts";
import type { PlacedWork } from "./lane-work.ts";

/** How often a paused registration is looked at again if nobody says that it goes on. */
const PAUSED_MS = 30_000;
/** A retry is due by the database's clock, which is read a moment earlier. */
const ALARM_SLACK_MS = 5;
/** A retry that is due later is found by looking around. */
const ALARM_MS_MAX = 60_000;
/** A claim into little room waits so long for more, which costs the database less per lane. */
const CLAIM_MS = 25;

/**
 * Gives due lanes to workers. Registrations that may have some take turns; each has as many lanes in work as
 * its gate has room for, so that one that hangs keeps nobody else waiting. They are found by wakes, by the
 * time of their retries, and by looking for all that are due once a second, which finds what other processes
 * left behind. Disposing it claims no more and lets the attempts in work finish.
 */
export class Dispatcher<Endpoint> implements AsyncDisposable {
  readonly #options: DispatcherOptions<Endpoint>;
  readonly #stopping = new AbortController();
  readonly #entries: Entries<Endpoint>;
  /** Those that want and, as far as is known, may; in the order of their turns. */
  readonly #ready = new Set<Entry<Endpoint>>();
  readonly #running = new Set<Promise<void>>();
  #total = 0;
  #stopped = false;
  readonly #scan: DueScan;

  constructor(options: DispatcherOptions<Endpoint>) {
    this.#options = options;
    const { clock, gate, total, findDue, log } = options;
    this.#entries = new Entries({
      clock,
      gate,
      aheadMax: total,
      wanted: (entry) => {
        this.#want(entry);
        this.#pump();
      },
      giveBack: (entry, works) => this.#track(this.#giveBack(entry, works)),
    });
    this.#scan = new DueScan({ clock, findDue, log, found: (due) => this.#foundAll(due) });
  }

  /** These registrations may have due lanes, or are not paused any more. */
  wake(callbackIds: readonly string[]): void {
    for (const id of callbackIds) {
      const entry = this.#options.owns(id) ? this.#entries.of(id) : this.#entries.get(id);
      if (!entry) continue;
      entry.pausedUntilMs = null;
      this.#want(entry);
    }
    this.#pump();
  }

  /** Their owners changed or deleted these registrations: a receiver that was down is tried at once. */
  lookAnew(callbackIds: readonly string[]): void {
    for (const id of callbackIds) {
      const entry = this.#entries.get(id);
      if (!entry) continue;
      entry.gate.beginAnew();
      entry.ahead.empty();
      entry.registration = "changed";
      entry.changes += 1;
    }
    this.wake(callbackIds);
  }

  /** Looks for due lanes soon: registrations may have become this one's, and changed before. */
  lookAround(): void {
    for (const entry of this.#entries.values()) entry.pausedUntilMs = null;
    this.#scan.soon();
  }

  /**
   * Takes a place in work for a lane that is about to be stored, so that it is sent without being looked for:
   * false if its registration has no room, or others wait for it.
   */
  reserve(callbackId: string, ratePerSecond: number | null): boolean {
    const { clock, owns, total } = this.#options;
    if (this.#stopped || this.#total >= total || !owns(callbackId)) return false;
    const entry = this.#entries.of(callbackId);
    const nowMs = clock.now();
    entry.gate.setRate(ratePerSecond, nowMs);
    const isOpen = entry.gate.breaker === "closed" && this.#room(entry, nowMs) >= 1;
    const isWaitedFor = entry.wants || entry.claiming || entry.ahead.size > 0;
    if (!isOpen || isWaitedFor || entry.pausedUntilMs !== null) return false;
    entry.usedAtMs = nowMs;
    this.#take(entry, 1);
    return true;
  }

  /** Gives a place back. */
  leave(callbackId: string): void {
    const entry = this.#entries.of(callbackId);
    this.#take(entry, -1);
    this.#goOn(entry);
  }

  /** Works on a lane in a reserved place. Its claim holds since `heldSince`. */
  begin(lane: ClaimedLane, endpoint: Endpoint, heldSince: number): void {
    const entry = this.#entries.of(lane.callback_id);
    this.#track(this.#work(entry, this.#workOf(entry, lane, endpoint, heldSince)));
  }

  /** How a registration's receiver does, as far as is known here. */
  gateOf(callbackId: string): EndpointGate | null {
    return this.#entries.get(callbackId)?.gate ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    for (const { alarms, ahead } of this.#entries.values()) {
      alarms.clear();
      ahead.empty();
    }
    const cancel = this.#options.clock.after(this.#options.stopMs, () => this.#stopping.abort());
    await this.#scan.stop();
    while (this.#running.size > 0) await Promise.all(this.#running);
    cancel();
  }

  #want(entry: Entry<Endpoint>): void {
    entry.wants = true;
    if (!entry.claiming) this.#ready.add(entry);
  }

  /** Wants it at this time. */
  #wantAt(entry: Entry<Endpoint>, atMs: number): void {
    if (!this.#stopped) entry.alarms.at(atMs);
  }

  #foundAll(due: readonly DueEndpoint[]): void {
    const { owns, clock } = this.#options;
    this.#entries.forget(owns);
    const nowMs = clock.now();
    for (const { callbackId, waitMs } of due.filter((one) => owns(one.callbackId))) {
      const entry = this.#entries.of(callbackId);
      if (entry.pausedUntilMs !== null && nowMs < entry.pausedUntilMs) continue;
      if (waitMs <= 0) this.#want(entry);
      else if (waitMs <= SCAN_MS_MAX) this.#wantAt(entry, nowMs + waitMs + ALARM_SLACK_MS);
    }
    this.#pump();
  }

  #room({ gate, registration }: Entry<Endpoint>, nowMs: number): number {
    const room = gate.room(nowMs);
    // Nothing is sent to it, or it has to be looked at.
    if (registration !== "known") return Math.max(1, room);
    return this.#options.egress.isDown ? Math.min(room, Math.max(0, 1 - gate.inWork)) : room;
  }

  #pump(): void {
    const { total, clock, owns } = this.#options;
    for (const entry of this.#ready) {
      if (this.#stopped || this.#total >= total) return;
      this.#ready.delete(entry);
      if (!owns(entry.id)) {
        entry.wants = false;
        entry.ahead.empty();
        continue;
      }
      const nowMs = clock.now();
      const limit = Math.min(this.#room(entry, nowMs), total - this.#total);
      if (limit > 0) this.#fill(entry, limit, nowMs);
      else {
        // Without room it waits for one of its lanes to end, or for a time that is known.
        const opensAtMs = entry.gate.opensAtMs(nowMs);
        if (opensAtMs !== null) this.#wantAt(entry, opensAtMs);
      }
    }
  }

  /** Gives room to what is claimed already, and claims for the rest. */
  #fill(entry: Entry<Endpoint>, limit: number, nowMs: number): void {
    const works = entry.ahead.take(limit);
    this.#take(entry, works.length);
    for (const work of works) this.#track(this.#work(entry, work));
    const room = limit - works.length;
    if (room === 0 || !entry.wants) return;
    const mayWait = room * 2 < entry.gate.limit && nowMs - entry.claimedAtMs < CLAIM_MS;
    if (mayWait) this.#wantAt(entry, entry.claimedAtMs + CLAIM_MS);
    else this.#track(this.#claim(entry, room));
  }

  /** Claims into room that was taken for it, and ahead; room that stays empty is given back. */
  async #claim(entry: Entry<Endpoint>, limit: number): Promise<void> {
    entry.wants = false;
    entry.claiming = true;
    entry.usedAtMs = this.#options.clock.now();
    this.#take(entry, limit);
    const { changes } = entry;
    const ahead = entry.ahead.ask(entry.gate.isSwift && !this.#options.egress.isDown);
    const lanes = await this.#claimed(entry, limit, ahead).catch((error: unknown) => {
      this.#options.log.warn({ callback_id: entry.id, ...errorFacts(error) }, "dispatcher.claim_failed");
      return [];
    });
    const begun = lanes.slice(0, limit);
    this.#take(entry, begun.length - limit);
    entry.claiming = false;
    entry.claimedAtMs = this.#options.clock.now();
    // A full answer says that there may be more; its turn comes after the others'.
    entry.ahead.keep(lanes.slice(limit), lanes.length >= limit ? lanes : []);
    if (lanes.length >= limit) entry.wants = true;
    if (this.#stopped || entry.changes > changes || !entry.gate.isSwift) entry.ahead.empty();
    if (entry.wants || entry.ahead.size > 0) this.#ready.add(entry);
    for (const work of begun) this.#track(this.#work(entry, work));
    this.#pump();
  }

  /** What was claimed ahead and is not begun here becomes due again. */
  async #giveBack(entry: Entry<Endpoint>, works: readonly PlacedWork<Endpoint>[]): Promise<void> {
    const lanes = works.map(({ lane }) => lane);
    await giveBack(this.#options, lanes);
    if (!this.#stopped && entry.pausedUntilMs === null) this.wake([entry.id]);
  }

  async #claimed(entry: Entry<Endpoint>, limit: number, ahead: number): Promise<PlacedWork<Endpoint>[]> {
    const found = await claimFor(this.#options, entry, { limit, ahead });
    if (found === "paused") this.#pause(entry);
    return typeof found === "string"
      ? []
      : found.lanes.map((lane) => this.#workOf(entry, lane, found.endpoint, found.heldSince));
  }

  #workOf(
    entry: Entry<Endpoint>,
    lane: ClaimedLane,
    endpoint: Endpoint,
    heldSince: number,
  ): PlacedWork<Endpoint> {
    const work: PlacedWork<Endpoint> = {
      lane,
      endpoint,
      gate: entry.gate,
      heldSince,
      mayGoOn: () => !this.#stopped && entry.pausedUntilMs === null && this.#options.owns(entry.id),
      pause: () => this.#pause(entry),
      signal: this.#stopping.signal,
      hasPlace: true,
      // Frees the place at the receiver, once. The one in the process stays taken until the work is settled.
      over: () => {
        if (!work.hasPlace) return;
        work.hasPlace = false;
        entry.gate.take(-1);
        this.#goOn(entry);
      },
    };
    return work;
  }

  #pause(entry: Entry<Endpoint>): void {
    entry.pausedUntilMs = this.#options.clock.now() + PAUSED_MS;
    entry.changes += 1;
    entry.ahead.empty();
  }

  async #work(entry: Entry<Endpoint>, work: PlacedWork<Endpoint>): Promise<void> {
    const { work: workOn, clock, log } = this.#options;
    entry.unsettled += 1;
    try {
      const dueInMs = await workOn(work);
      if (dueInMs !== null && entry.registration === "deleted") await endFor(this.#options, entry);
      else if (dueInMs !== null && dueInMs <= 0) entry.wants = true;
      else if (dueInMs !== null && dueInMs <= ALARM_MS_MAX)
        this.#wantAt(entry, clock.now() + dueInMs + ALARM_SLACK_MS);
    } catch (error) {
      log.warn({ callback_id: entry.id, ...errorFacts(error) }, "dispatcher.work_failed");
    }
    this.#total -= 1;
    entry.unsettled -= 1;
    if (work.hasPlace) work.over();
    else this.#goOn(entry);
  }

  /** Room has become free. */
  #goOn(entry: Entry<Endpoint>): void {
    const isWaiting = entry.wants || entry.ahead.size > 0;
    if (isWaiting && !entry.claiming && entry.pausedUntilMs === null) this.#ready.add(entry);
    this.#pump();
  }

  #take(entry: Entry<Endpoint>, lanes: number): void {
    entry.gate.take(lanes);
    this.#total += lanes;
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }
}
