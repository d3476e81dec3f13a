import type { Lesson } from "./lesson.ts";

/** What bounds the use of one receiver. */
export interface GateRules {
  /** Lanes in work at the same time at most. */
  concurrencyMax: number;
  /** How long the breaker stays open the first time; it doubles with every other lane whose probe fails. */
  breakerMs: number;
  /** From 0 to 1. */
  random: () => number;
}

/** Whose attempt it is, and whether the same delivery has failed before. */
export interface GateCaller {
  laneId: string;
  isRetry: boolean;
}

/** An attempt that the gate let through. */
export interface Ticket extends GateCaller {
  beganMs: number;
  isProbe: boolean;
}

const CONCURRENCY_START = 4;
/** So many lanes that fail, with no success between, open the breaker. */
const FAILING_LANES_MAX = 5;
/** Or as many lanes as are half of so many attempts within so long. */
const SAMPLE = 20;
const SAMPLE_MS = 60_000;
const BREAKER_MS_MAX = 15 * 60_000;
const BREAKER_JITTER = 0.2;
/** The limit is halved at most once in this time, since the attempts of one moment fail together. */
const CUT_MS = 1_000;
/** Answers that take so much longer than usual say that more at a time would not help. */
const SLOWNESS = 2;
const SHORT_WEIGHT = 0.2;
const LONG_WEIGHT = 0.02;

type Breaker =
  | { state: "closed" }
  | { state: "open"; sinceMs: number; untilMs: number; trips: number }
  /** Its time is over: one probe decides. */
  | { state: "half_open"; sinceMs: number; trips: number; probing: boolean };

/**
 * How much one receiver is used at a time. Its limit of lanes doubles with each round of successes until the
 * first trouble, from then on grows by one, and is halved by what says overload (AIMD). A breaker stops
 * everything when lane after lane fails; when its time is over a single probe is sent, alone, and the limit
 * starts anew at one. A lane that fails again and again says nothing new about its receiver: it neither opens
 * the breaker nor lengthens its pause, or a few bad orders would hold off all good ones. Pure: all times are
 * arguments.
 */
export class EndpointGate {
  readonly #rules: GateRules;
  #limit: number;
  #inWork = 0;
  /** Until the first trouble every success raises the limit. */
  #isStarting = true;
  /** Successes since the limit last changed. */
  #credit = 0;
  #cutAtMs = -Infinity;
  /** Lanes that failed since the last success. */
  readonly #failing = new Set<string>();
  #recent: { atMs: number; failedLane: string | null }[] = [];
  #shortMs: number | null = null;
  #longMs: number | null = null;
  #breaker: Breaker = { state: "closed" };
  #rate: { perSecond: number; tokens: number; atMs: number } | null = null;

  constructor(rules: GateRules) {
    this.#rules = rules;
    this.#limit = Math.min(CONCURRENCY_START, rules.concurrencyMax);
  }

  /** Lanes in work at the same time now, at most. */
  get limit(): number {
    return this.#breaker.state === "closed" ? this.#limit : 1;
  }

  get inWork(): number {
    return this.#inWork;
  }

  get breaker(): "closed" | "open" | "half_open" {
    return this.#breaker.state;
  }

  /** Whether lanes that wait for room get it as soon as those in work end: not behind a breaker or a rate. */
  get isSwift(): boolean {
    return this.#breaker.state === "closed" && this.#rate === null;
  }

  /** Bounds the attempts by a number a second, on average; null lifts it. */
  setRate(perSecond: number | null, nowMs: number): void {
    if (perSecond === (this.#rate?.perSecond ?? null)) return;
    this.#rate = perSecond === null ? null : { perSecond, tokens: Math.max(1, perSecond), atMs: nowMs };
  }

  /** How many lanes more may be taken into work. */
  room(nowMs: number): number {
    this.#halfOpen(nowMs);
    if (this.#breaker.state === "open") return 0;
    if (this.#breaker.state === "half_open") return this.#inWork > 0 ? 0 : Math.min(1, this.#tokens(nowMs));
    return Math.max(0, Math.min(this.#limit - this.#inWork, this.#tokens(nowMs)));
  }

  /** When there may be room again by time alone; null if time has no part in it. */
  opensAtMs(nowMs: number): number | null {
    if (this.#breaker.state === "open") return this.#breaker.untilMs;
    if (this.#rate === null || this.#tokens(nowMs) >= 1) return null;
    return nowMs + ((1 - this.#rate.tokens) * 1_000) / this.#rate.perSecond;
  }

  /** Lanes come into work, or leave it if `lanes` is negative. */
  take(lanes: number): void {
    this.#inWork += lanes;
  }

  /** Asked before each attempt of a lane in work; null if it may not be made now. */
  begin(nowMs: number, { laneId, isRetry }: GateCaller): Ticket | null {
    this.#halfOpen(nowMs);
    const isProbe = this.#breaker.state === "half_open";
    const blocked =
      this.#breaker.state === "half_open"
        ? this.#breaker.probing || this.#inWork > 1
        : this.#breaker.state === "open" || this.#inWork > this.#limit;
    if (blocked || this.#tokens(nowMs) < 1) return null;
    if (this.#breaker.state === "half_open") this.#breaker.probing = true;
    if (this.#rate) this.#rate.tokens -= 1;
    return { beganMs: nowMs, isProbe, laneId, isRetry };
  }

  /** Begins anew, slowly: what is behind it may be another receiver now. */
  beginAnew(): void {
    this.#failing.clear();
    if (this.#breaker.state !== "closed") this.#close();
  }

  /** Learns from an attempt; null if it ended without telling anything. */
  end(ticket: Ticket, lesson: Lesson | null, nowMs: number): void {
    const { beganMs, isProbe } = ticket;
    const breaker = this.#breaker;
    if (isProbe && breaker.state === "half_open") breaker.probing = false;
    // What began before the breaker opened says nothing new.
    if (lesson === null || (breaker.state !== "closed" && (!isProbe || beganMs < breaker.sinceMs))) return;
    if (lesson.kind === "throttled") return this.#throttle(lesson.waitMs, nowMs);
    if (lesson.kind === "bad") return this.#fail(ticket, nowMs);
    this.#failing.clear();
    this.#note(null, nowMs);
    if (breaker.state === "half_open") this.#close();
    else if (lesson.kind === "good") this.#grow(lesson.durationMs);
  }

  #throttle(waitMs: number, nowMs: number): void {
    this.#cut(nowMs);
    this.#open(nowMs, Math.min(waitMs, BREAKER_MS_MAX), 0);
  }

  #fail({ laneId, isRetry }: Ticket, nowMs: number): void {
    this.#cut(nowMs);
    if (this.#breaker.state === "half_open") {
      const { trips } = this.#breaker;
      return this.#trip(nowMs, isRetry ? Math.max(1, trips) : trips + 1);
    }
    this.#failing.add(laneId);
    this.#note(laneId, nowMs);
    if (this.#failing.size >= FAILING_LANES_MAX || this.#mostlyFails(nowMs)) this.#trip(nowMs, 1);
  }

  #trip(nowMs: number, trips: number): void {
    const ms = Math.min(BREAKER_MS_MAX, this.#rules.breakerMs * 2 ** Math.min(trips - 1, 20));
    this.#open(nowMs, ms * (1 - BREAKER_JITTER + 2 * BREAKER_JITTER * this.#rules.random()), trips);
  }

  #open(nowMs: number, ms: number, trips: number): void {
    this.#breaker = { state: "open", sinceMs: nowMs, untilMs: nowMs + ms, trips };
  }

  #halfOpen(nowMs: number): void {
    const breaker = this.#breaker;
    if (breaker.state !== "open" || nowMs < breaker.untilMs) return;
    this.#breaker = { state: "half_open", sinceMs: nowMs, trips: breaker.trips, probing: false };
  }

  #close(): void {
    this.#breaker = { state: "closed" };
    this.#limit = 1;
    this.#credit = 0;
    this.#recent = [];
  }

  #grow(durationMs: number): void {
    this.#shortMs = blend(this.#shortMs, durationMs, SHORT_WEIGHT);
    this.#longMs = blend(this.#longMs, durationMs, LONG_WEIGHT);
    const isSlow = this.#shortMs > SLOWNESS * this.#longMs;
    if (isSlow || this.#inWork * 2 < this.#limit) return;
    this.#credit += 1;
    const isEnough = this.#isStarting || this.#credit >= this.#limit;
    if (!isEnough || this.#limit >= this.#rules.concurrencyMax) return;
    this.#limit += 1;
    this.#credit = 0;
  }

  #cut(nowMs: number): void {
    if (nowMs - this.#cutAtMs < CUT_MS) return;
    this.#cutAtMs = nowMs;
    this.#isStarting = false;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#credit = 0;
  }

  #note(failedLane: string | null, atMs: number): void {
    this.#recent.push({ atMs, failedLane });
    if (this.#recent.length > SAMPLE) this.#recent.shift();
  }

  #mostlyFails(nowMs: number): boolean {
    const sample = this.#recent.filter(({ atMs }) => nowMs - atMs <= SAMPLE_MS);
    const failing = new Set(sample.flatMap(({ failedLane }) => failedLane ?? []));
    return sample.length >= SAMPLE && failing.size * 2 >= SAMPLE;
  }

  /** Whole attempts that the rate allows now; after a rest those of one second. */
  #tokens(nowMs: number): number {
    const rate = this.#rate;
    if (rate === null) return Infinity;
    const burst = Math.max(1, rate.perSecond);
    rate.tokens = Math.min(burst, rate.tokens + ((nowMs - rate.atMs) * rate.perSecond) / 1_000);
    rate.atMs = nowMs;
    return Math.floor(rate.tokens + 1e-9);
  }
}

function blend(average: number | null, value: number, weight: number): number {
  return average === null ? value : average + weight * (value - average);
}
