import { createLog } from "@waybill/process/log.ts";
import { randomFrom } from "../../../test/faults/random.ts";
import type { Answer } from "../src/attempt.ts";
import type { DeliveryDocument } from "../src/delivery.ts";
import type { Clock } from "../src/engine/clock.ts";
import { Dispatcher } from "../src/engine/dispatch/dispatcher.ts";
import { Egress } from "../src/engine/receiver/egress.ts";
import type { EndpointState } from "../src/engine/dispatch/lane-work.ts";
import type { EndpointGate } from "../src/engine/receiver/endpoint-gate.ts";
import { leaseMsFor, SETTLE_MS_MAX, takeTurn } from "../src/engine/dispatch/lane-turn.ts";
import type { DeliveryQueue } from "../src/engine/queue/queue.ts";
import { createSettler } from "../src/engine/queue/settler.ts";
import {
  answerIn,
  DELETED,
  ATTEMPT_MS_MAX,
  deliveryOf,
  endOf,
  goodAnswer,
  lostAnswer,
  scheduleMs,
  watchedGate,
  type Attempt,
  type Endpoint,
  type Instance,
  type Weather,
} from "./simulated-world.ts";
import { memoryQueue, type MemoryQueue } from "./memory-queue.ts";
import { SimulatedPartition } from "./simulated-partition.ts";
import { VirtualTime } from "./virtual-time.ts";

const ENDPOINTS = 3;
const ORDERS = 3;
const EVENTS = 24;
const RUSH_ORDERS = 20;
const RUSH_EVENTS = 40;
const RUSH_MS = 500;
/** How long events come and things go wrong; then everything is well, and all has to be sent. */
const STORM_MS = 40_000;
const CALM_MS_MAX = 3 * 3_600_000;
/** When nobody can be reached, if the weather is so: for longer than the schedule of a delivery. */
const CUT_OFF_MS = 4_000;
const CUT_OFF_FOR_MS = 32_000;
const LEASE_MS = leaseMsFor(ATTEMPT_MS_MAX);
const CONCURRENCY_MAX = 4;
const TOTAL = 6;
const log = createLog("simulation", "silent");

/** One run: a world of its own, in which everything that happens follows from the seed. */
export class Simulation {
  readonly #random: () => number;
  readonly #weather: Weather;
  readonly #time = new VirtualTime();
  readonly #queue: MemoryQueue;
  readonly #partition: SimulatedPartition;
  readonly #instances: Instance[] = [];
  readonly #owners = new Map<string, Instance | null>();
  readonly #paused = new Set<string>();
  readonly #deleted = new Set<string>();
  readonly #inFlight = new Set<Attempt>();
  /** Message ids that a receiver has taken, by delivery. */
  readonly #taken = new Set<string>();
  readonly #told: DeliveryDocument[] = [];
  readonly #violations: string[] = [];
  #isCalm = false;

  constructor(seed: number, weather: Weather) {
    this.#random = randomFrom(seed);
    this.#weather = weather;
    this.#queue = memoryQueue(() => this.#time.nowMs, LEASE_MS);
    this.#partition = new SimulatedPartition({
      queue: this.#queue,
      anyInstance: () => this.#anyInstance(),
      sends: (instance, id) => this.#owners.get(id) === instance && !this.#paused.has(id),
      call: (instance, work) => this.#call(instance, work),
      after: (ms, ring) => this.#time.after(ms, ring),
      nowMs: () => this.#time.nowMs,
      wake: (ids) => this.#wake(ids),
    });
  }

  /** Attempts that were charged though they delivered nothing. */
  get lost(): number {
    return [...this.#queue.deliveries.values()]
      .map(({ status, attempts_charged }) => attempts_charged - (status === "delivered" ? 1 : 0))
      .reduce((sum, charged) => sum + charged, 0);
  }

  /** Lanes that were sent without being looked for. */
  get born(): number {
    return this.#partition.born;
  }

  /** Runs it to its end; answers every promise that was broken, none if all were kept. */
  async run(): Promise<string[]> {
    const instances = this.#weather.moves || this.#weather.deaths ? 2 : 1;
    for (let index = 0; index < instances; index += 1) this.#start();
    for (let index = 0; index < ENDPOINTS; index += 1) this.#owners.set(`c${index}`, this.#anyInstance());
    const { events, withinMs } = this.#weather.rush
      ? { events: RUSH_EVENTS, withinMs: RUSH_MS }
      : { events: EVENTS, withinMs: STORM_MS };
    for (let index = 0; index < events; index += 1)
      this.#time.at(this.#between(0, withinMs), () => this.#tell());
    this.#scheduleTroubles();
    await this.#until(() => this.#time.nowMs >= STORM_MS);
    this.#calmDown();
    await this.#until(() => this.#isDrained() || this.#time.nowMs > STORM_MS + CALM_MS_MAX);
    for (const { _id } of this.#told)
      this.#violations.push(...endOf(_id, this.#queue.deliveries.get(_id), this.#taken));
    for (const { dispatcher } of this.#instances) void dispatcher[Symbol.asyncDispose]();
    return this.#violations;
  }

  #until(condition: () => boolean): Promise<void> {
    return this.#time.until(() => condition() || this.#violations.length > 0);
  }

  /** Happens within a process. */
  #within(instance: Instance, ms: number, ring: () => void): () => void {
    return this.#time.after(ms, () => {
      if (!instance.isAlive) return;
      if (this.#time.nowMs < instance.frozenUntilMs)
        this.#within(instance, instance.frozenUntilMs - this.#time.nowMs, ring);
      else ring();
    });
  }

  #between(low: number, high: number): number {
    return low + this.#random() * (high - low);
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!;
  }

  #alive(): Instance[] {
    return this.#instances.filter(({ isAlive }) => isAlive);
  }

  #anyInstance(): Instance | null {
    const alive = this.#alive();
    return alive.length === 0 ? null : this.#pick(alive);
  }

  #start(): void {
    const instance = { isAlive: true, frozenUntilMs: 0 } as Instance;
    const clock: Clock = {
      ...this.#time.clock,
      after: (ms, ring) => this.#within(instance, ms, ring),
    };
    const queue = this.#queueFor(instance);
    const egress = new Egress(ENDPOINTS);
    const settle = createSettler(queue, clock, SETTLE_MS_MAX);
    const turn = {
      clock,
      settle,
      egress,
      hostOf: ({ id }: Endpoint) => id,
      send: (delivery: DeliveryDocument) => this.#send(instance, delivery),
      disable: async ({ callback_id }: DeliveryDocument) =>
        void (this.#isCalm || this.#paused.add(callback_id)),
      retry: { scheduleMs, random: this.#random },
      log,
    };
    instance.dispatcher = new Dispatcher<Endpoint>({
      clock,
      findDue: async () => (this.#weather.blind ? [] : queue.findDue()),
      claim: queue.claim,
      look: (id) => this.#call(instance, async () => this.#look(id)),
      work: (work) => {
        const gate = this.#watched(instance, work.gate, work.lane.callback_id);
        return takeTurn(turn, { ...work, gate });
      },
      release: async (lanes) =>
        void (await Promise.all(lanes.map((lane) => settle({ lane, ended: null, step: "return" })))),
      hasten: (id) => queue.hasten([id]),
      close: (lanes) => queue.close(lanes, DELETED),
      owns: (id) => this.#owners.get(id) === instance,
      egress,
      total: TOTAL,
      gate: { concurrencyMax: CONCURRENCY_MAX, breakerMs: 2_000, random: this.#random },
      stopMs: 1_000,
      log,
    });
    this.#instances.push(instance);
  }

  async #look(id: string): Promise<EndpointState<Endpoint>> {
    if (this.#deleted.has(id)) return { state: "deleted" };
    if (this.#paused.has(id)) return { state: "paused" };
    return { state: "active", endpoint: { id }, ratePerSecond: id === "c2" ? 20 : null };
  }

  /** The queue as a process reaches it: over a network that is slow, and fails in bad weather. */
  #queueFor(instance: Instance): DeliveryQueue {
    const queue = this.#queue;
    return {
      findDue: () => this.#call(instance, queue.findDue),
      claim: (...claim) => this.#call(instance, () => queue.claim(...claim)),
      settle: (settlements) => this.#call(instance, () => queue.settle(settlements)),
      close: (...close) => this.#call(instance, () => queue.close(...close)),
      addLanes: (...added) => this.#call(instance, () => queue.addLanes(...added)),
      wakeLanes: (...woken) => this.#call(instance, () => queue.wakeLanes(...woken)),
      hasten: (ids) => this.#call(instance, () => queue.hasten(ids)),
    };
  }

  /** Does its work some time after it was called, and answers some time later, if the process is still there. */
  #call<Result>(instance: Instance, work: () => Promise<Result>): Promise<Result> {
    const fails = this.#weather.outages && !this.#isCalm && this.#chance(0.08);
    const isDone = !fails || this.#chance(0.5);
    return new Promise((resolve, reject) => {
      this.#time.after(this.#between(0.1, 8), () => {
        const result = isDone ? work() : Promise.resolve(null as Result);
        this.#within(instance, this.#between(0.1, 8), () =>
          fails ? reject(new Error("the database is away")) : void result.then(resolve, reject),
        );
      });
    });
  }

  /** The gate of a registration, whose promises are checked whenever it lets an attempt through. */
  #watched(instance: Instance, gate: EndpointGate, callbackId: string): EndpointGate {
    return watchedGate(gate, (isProbe) => {
      const others = this.#count((one) => one.instance === instance && one.callbackId === callbackId);
      if (others + 1 > gate.limit) this.#violate(`${others + 1} attempts under a limit of ${gate.limit}`);
      if (isProbe && others > 0) this.#violate("a probe was not alone");
      if (gate.breaker === "open") this.#violate("an attempt through an open breaker");
    });
  }

  #count(isCounted: (attempt: Attempt) => boolean): number {
    return [...this.#inFlight].filter(isCounted).length;
  }

  #violate(what: string): void {
    this.#violations.push(`at ${Math.round(this.#time.nowMs)} ms: ${what}`);
  }

  /** The network and the receiver: what arrives is judged against the promises, then answered in some way. */
  #send(instance: Instance, delivery: DeliveryDocument): Promise<Answer> {
    const attempt: Attempt = { instance, laneId: delivery.lane_id, callbackId: delivery.callback_id };
    this.#checkSend(attempt, delivery);
    this.#inFlight.add(attempt);
    const answer = this.#answer(delivery);
    // A process that is killed closes its connections.
    return new Promise((resolve) => {
      this.#time.after(answer.durationMs * this.#random(), () => {
        if (answer.outcome === "ok") this.#taken.add(delivery._id);
      });
      this.#time.after(answer.durationMs, () => {
        this.#inFlight.delete(attempt);
        this.#within(instance, 0, () => resolve(answer));
      });
    });
  }

  #answer(delivery: DeliveryDocument): Answer {
    if (this.#isCalm) return goodAnswer(this.#random);
    if (!this.#weather.cutOff) return answerIn(this.#time.nowMs, delivery, this.#random);
    const isCutOff = this.#time.nowMs > CUT_OFF_MS && this.#time.nowMs < CUT_OFF_MS + CUT_OFF_FOR_MS;
    return isCutOff ? lostAnswer(this.#random) : goodAnswer(this.#random);
  }

  #checkSend({ instance, laneId }: Attempt, { _id, sequence }: DeliveryDocument): void {
    for (const other of this.#inFlight)
      if (other.laneId === laneId && other.instance.isAlive) this.#violate(`two attempts of ${laneId}`);
    for (const earlier of this.#queue.deliveries.values())
      if (earlier.lane_id === laneId && earlier.sequence < sequence && earlier.status === "pending")
        this.#violate(`${_id} was sent before ${earlier._id}`);
    if (this.#count((one) => one.instance === instance) + 1 > TOTAL)
      this.#violate("more attempts than the pool has");
  }

  /** An event comes. */
  #tell(): void {
    const order = `o${Math.floor(this.#random() * (this.#weather.rush ? RUSH_ORDERS : ORDERS))}`;
    const sequence =
      1 + Math.max(0, ...this.#told.filter((one) => one.order_id === order).map((one) => one.sequence));
    const registered = [...this.#owners.keys()].filter((id) => !this.#deleted.has(id));
    const deliveries = registered.map((id) => deliveryOf(id, order, sequence));
    if (deliveries.length === 0) return;
    this.#told.push(...deliveries);
    void this.#partition.add(deliveries);
  }

  #wake(callbackIds: string[]): void {
    if (!this.#weather.blind && this.#chance(0.2)) return;
    for (const { dispatcher, isAlive } of this.#instances) if (isAlive) dispatcher.wake(callbackIds);
  }

  #scheduleTroubles(): void {
    for (let atMs = this.#between(0, 8_000); atMs < STORM_MS; atMs += this.#between(500, 8_000))
      this.#time.at(atMs, () => this.#trouble());
  }

  #trouble(): void {
    const { deaths, moves, deletes } = this.#weather;
    if (deletes && this.#chance(0.3)) this.#delete(this.#pick([...this.#owners.keys()]));
    else if (deaths && this.#chance(0.4)) this.#kill();
    else if (deaths && this.#chance(0.3)) this.#freeze();
    else if (moves && this.#chance(0.5)) this.#move(this.#pick([...this.#owners.keys()]));
    else this.#pauseOrResume();
  }

  #kill(): void {
    const victim = this.#anyInstance();
    if (victim === null) return;
    victim.isAlive = false;
    for (const attempt of this.#inFlight) if (attempt.instance === victim) this.#inFlight.delete(attempt);
    const orphans = [...this.#owners].filter(([, owner]) => owner === victim).map(([id]) => id);
    for (const id of orphans) this.#owners.set(id, null);
    this.#time.after(this.#between(100, 3_000), () => this.#start());
    this.#time.after(5_000, () => orphans.forEach((id) => this.#owners.get(id) === null && this.#move(id)));
  }

  /** A frozen process loses what it owns, and does not know it before it goes on. */
  #freeze(): void {
    const victim = this.#anyInstance();
    if (victim === null) return;
    victim.frozenUntilMs = this.#time.nowMs + this.#between(1_000, 2 * LEASE_MS);
    for (const [id, owner] of this.#owners)
      if (owner === victim) this.#time.after(5_000, () => this.#move(id));
  }

  #move(id: string): void {
    const owner = this.#anyInstance();
    this.#owners.set(id, owner);
    if (owner === null) this.#time.after(1_000, () => this.#move(id));
    else owner.dispatcher.lookAround();
  }

  #delete(id: string): void {
    this.#deleted.add(id);
    void this.#queue.hasten([id]);
    // Those who should hear of it may not.
    for (const { dispatcher, isAlive } of this.#instances)
      if (isAlive && this.#chance(0.5)) dispatcher.lookAnew([id]);
  }

  #pauseOrResume(): void {
    const id = this.#pick([...this.#owners.keys()]);
    if (this.#paused.has(id)) this.#resume(id);
    else this.#paused.add(id);
  }

  #resume(id: string): void {
    this.#paused.delete(id);
    this.#owners.get(id)?.dispatcher.wake([id]);
  }

  #calmDown(): void {
    this.#isCalm = true;
    for (const instance of this.#instances) instance.frozenUntilMs = 0;
    if (this.#alive().length === 0) this.#start();
    for (const [id, owner] of this.#owners) if (!owner?.isAlive) this.#move(id);
    for (const id of this.#paused) this.#resume(id);
  }

  #isDrained(): boolean {
    return this.#partition.isEmpty && this.#queue.lanes.size === 0 && this.#inFlight.size === 0;
  }
}
