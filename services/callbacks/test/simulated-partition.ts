import type { ClientSession } from "mongodb";
import type { DeliveryDocument } from "../src/delivery.ts";
import { laneKeyOf, type AddedLanes, type LaneKey } from "../src/engine/queue/queue.ts";
import type { MemoryQueue } from "./memory-queue.ts";
import type { Instance } from "./simulated-world.ts";

/** Whoever reads the partition is taken for dead after so long. */
const PATIENCE_MS = 3_000;

/** What the partition needs of its world. */
interface PartitionWorld {
  queue: MemoryQueue;
  anyInstance: () => Instance | null;
  /** Whether this instance sends to the registration now. */
  sends: (instance: Instance, callbackId: string) => boolean;
  /** Does work of the database for an instance. */
  call: <Result>(instance: Instance, work: () => Promise<Result>) => Promise<Result>;
  after: (ms: number, ring: () => void) => void;
  nowMs: () => number;
  /** Tells instances that these registrations have lanes that are due. */
  wake: (callbackIds: string[]) => void;
}

/**
 * The events of all orders, as a consumer works on them: one after another, each stored with its lanes in one
 * transaction, and again by another instance when the one that does it dies or stands still.
 */
export class SimulatedPartition {
  readonly #world: PartitionWorld;
  readonly #waiting: DeliveryDocument[][] = [];
  #isBusy = false;
  /** Lanes that were claimed as they were stored. */
  born = 0;

  constructor(world: PartitionWorld) {
    this.#world = world;
  }

  get isEmpty(): boolean {
    return !this.#isBusy && this.#waiting.length === 0;
  }

  /** Adds the deliveries of one event. */
  async add(deliveries: DeliveryDocument[]): Promise<void> {
    this.#waiting.push(deliveries);
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
      while (!(await this.#isDone(next)));
    this.#isBusy = false;
  }

  #isDone(deliveries: readonly DeliveryDocument[]): Promise<boolean> {
    const { anyInstance, after } = this.#world;
    const instance = anyInstance();
    return new Promise((resolve) => {
      after(PATIENCE_MS, () => resolve(false));
      if (instance !== null)
        this.#ingest(instance, deliveries).then(
          () => resolve(true),
          () => resolve(false),
        );
    });
  }

  async #ingest(instance: Instance, deliveries: readonly DeliveryDocument[]): Promise<void> {
    const { queue, call, sends, nowMs, wake } = this.#world;
    const { dispatcher } = instance;
    const heldSince = nowMs();
    const lanes = deliveries.map((delivery) => {
      const { callback_id } = delivery;
      const isClaimed = sends(instance, callback_id) && dispatcher.reserve(callback_id, null);
      return { ...laneKeyOf(delivery), deliveries: [delivery], isClaimed };
    });
    const places = new Set(lanes.filter(({ isClaimed }) => isClaimed).map(({ callback_id }) => callback_id));
    let added: AddedLanes | null = null;
    try {
      added = await call(instance, async () => {
        if (queue.deliveries.has(deliveries[0]!._id)) return null;
        for (const delivery of deliveries) queue.deliveries.set(delivery._id, delivery);
        return queue.addLanes(lanes, Promise.resolve(), null as unknown as ClientSession);
      });
      for (const lane of added?.claimed ?? []) {
        this.born += 1;
        places.delete(lane.callback_id);
        dispatcher.begin(lane, { id: lane.callback_id }, heldSince);
      }
    } finally {
      for (const id of places) dispatcher.leave(id);
    }
    const woken: LaneKey[] = added?.older ?? lanes;
    await call(instance, () => queue.wakeLanes(woken));
    wake(lanes.map(({ callback_id }) => callback_id));
  }
}
