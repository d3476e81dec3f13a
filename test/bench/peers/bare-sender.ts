import { randomUUID } from "node:crypto";
import { attemptId, attemptsCollection, type AttemptDocument } from "@waybill/callbacks/attempt.ts";
import { deliveriesCollection, type DeliveryDocument } from "@waybill/callbacks/delivery.ts";
import { ensureCollections } from "@waybill/mongo/collections.ts";
import type { Collection, Db } from "mongodb";
import { Agent, request } from "undici";
import { signedHeaders } from "./signed-headers.ts";

/** Requests to one receiver at the same time, as many as Waybill makes. */
const IN_FLIGHT = 32;
const PAGE = 250;
/** Results that are stored together. */
const GROUP = 128;

/** A delivery that was sent and its attempt, as Waybill stores them. */
export interface SentModel {
  delivery: DeliveryDocument;
  attempt: AttemptDocument;
}

/**
 * The least that sends stored webhooks and keeps what came of them: reads a page, posts each signed, and
 * stores attempts and results in groups, with majority and journal, into collections with Waybill's indexes.
 * No order, no leases, no retries, no events, no transaction: a crash in between sends more than what was in
 * flight again. Answers how many copies of the model went out a second.
 */
export async function sendBare(
  db: Db,
  model: SentModel,
  urls: readonly string[],
  count: number,
): Promise<number> {
  await ensureCollections(db, [deliveriesCollection, attemptsCollection]);
  const sender = new BareSender(db, model);
  const lanes = urls.map((url) => ({ url, id: randomUUID() }));
  await sender.fill(
    lanes.map(({ id }) => id),
    count,
  );
  const beganMs = performance.now();
  await Promise.all(lanes.map(({ url, id }) => sender.drain(url, id)));
  await sender.end();
  return count / ((performance.now() - beganMs) / 1_000);
}

class BareSender {
  readonly #deliveries: Collection<DeliveryDocument>;
  readonly #attempts: Collection<AttemptDocument>;
  readonly #model: SentModel;
  #sent: DeliveryDocument[] = [];
  #storing = Promise.resolve();

  constructor(db: Db, model: SentModel) {
    this.#deliveries = db.collection(deliveriesCollection.name);
    this.#attempts = db.collection(attemptsCollection.name);
    this.#model = model;
  }

  async fill(lanes: readonly string[], count: number): Promise<void> {
    const pending = { status: "pending", expires_at: null } as const;
    const copies = Array.from({ length: count }, (_, sequence): DeliveryDocument => {
      const lane_id = lanes[sequence % lanes.length]!;
      return { ...this.#model.delivery, ...pending, _id: `${lane_id}/${randomUUID()}`, lane_id, sequence };
    });
    await this.#deliveries.insertMany(copies);
  }

  async drain(url: string, lane_id: string): Promise<void> {
    const agent = new Agent({ connections: IN_FLIGHT, pipelining: 1 });
    for (let after = -1; ;) {
      const due = { lane_id, status: "pending", sequence: { $gt: after } } as const;
      const page = await this.#deliveries.find(due).sort({ sequence: 1 }).limit(PAGE).toArray();
      if (page.length === 0) break;
      after = page.at(-1)!.sequence;
      const places = Array.from({ length: IN_FLIGHT }, async () => {
        for (let next = page.pop(); next; next = page.pop()) await this.#send(agent, url, next);
      });
      await Promise.all(places);
    }
    await agent.close();
  }

  /** Stores the rest. */
  async end(): Promise<void> {
    this.#store();
    await this.#storing;
  }

  async #send(agent: Agent, url: string, delivery: DeliveryDocument): Promise<void> {
    const { message_id, body } = delivery;
    const headers = signedHeaders(message_id, body);
    const response = await request(url, { method: "POST", dispatcher: agent, headers, body });
    await response.body.dump();
    this.#sent.push(delivery);
    if (this.#sent.length >= GROUP) this.#store();
  }

  #store(): void {
    const sent = this.#sent.splice(0);
    if (sent.length === 0) return;
    const { status, attempts_count, expires_at } = this.#model.delivery;
    const attempts = sent.map(({ _id }) => ({
      ...this.#model.attempt,
      _id: attemptId(_id, 1),
      delivery_id: _id,
    }));
    this.#storing = this.#storing.then(async () => {
      await Promise.all([
        this.#attempts.insertMany(attempts, { ordered: false }),
        this.#deliveries.updateMany(
          { _id: { $in: sent.map(({ _id }) => _id) } },
          { $set: { status, attempts_count, expires_at } },
        ),
      ]);
    });
  }
}
