import { setTimeout as delay } from "node:timers/promises";
import { newId } from "@waybill/mongo/ids.ts";
import { LEASE_MS } from "@waybill/mongo/slots.ts";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { Db, MongoClient } from "mongodb";
import type { OutboxRow } from "../outbox.ts";
import { topics } from "../topics.ts";
import { readOutbox, type OutboxPosition } from "./outbox-stream.ts";
import type { Publisher } from "./publisher.ts";
import { PositionKeeper } from "./position-keeper.ts";
import { relaySlots, type RelaySlots, type SlotDocument } from "./slots.ts";

/** What a relay needs. */
interface RelayOptions {
  client: MongoClient;
  db: Db;
  publisher: Publisher;
  log: Logger;
}

const BATCH_ROWS_MAX = 2_000;
const RENEW_MS = 1_500;
const RETRY_MS = 500;
/** Under load a short wait makes larger batches, which cost Kafka and its consumers less per event. */
const LINGER_MS = 25;
const LINGER_FROM_ROWS = 8;
/** What became of webhooks is read by people and reports: one batch in so long is soon enough. */
const LINGER_MS_DELIVERIES = 250;
/** How often the position is stored while there is nothing to publish. */
const IDLE_SAVE_MS = 10_000;

/**
 * Publishes the outbox until `signal` aborts: holds a share of the slots, reads their rows in commit order,
 * sends them, and stores the position once Kafka has acknowledged. At least once: after a crash some rows
 * are sent again, with the same `ce_id` and `ce_sequence`.
 */
export async function runRelay(options: RelayOptions, signal: AbortSignal): Promise<void> {
  const slots = relaySlots(options.db, newId());
  while (!signal.aborted) {
    try {
      await publishShare(options, slots, signal);
    } catch (error) {
      if (signal.aborted) break;
      options.log.warn({ ...errorFacts(error) }, "relay.interrupted");
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  await slots.release().catch(() => undefined);
}

/** Publishes one share of slots, until the share changes or a lease is lost. */
async function publishShare(options: RelayOptions, slots: RelaySlots, signal: AbortSignal): Promise<void> {
  const held = await slots.balance();
  const ids = held.map(({ _id }) => _id);
  if (ids.length === 0) {
    await delay(RENEW_MS, undefined, { signal });
    return;
  }
  options.log.info({ slots: ids }, "relay.slots_held");
  const changed = new AbortController();
  const until = AbortSignal.any([signal, changed.signal]);
  const renewing = keepShare(slots, ids, changed, until);
  try {
    await publishSlots(options, slots, ids, earliest(held), until);
  } finally {
    changed.abort();
    await renewing;
  }
}

async function publishSlots(
  { client, db, publisher, log }: RelayOptions,
  slots: RelaySlots,
  ids: readonly number[],
  from: OutboxPosition,
  until: AbortSignal,
): Promise<void> {
  const source = { client, db, match: { slot: { $in: [...ids] } }, rowsMax: BATCH_ROWS_MAX };
  await using position = new PositionKeeper(slots, ids);
  for await (const batch of readOutbox(source, from, until)) {
    if (batch.rows.length > 0) {
      await publisher.publish(batch.rows, until);
      log.debug({ rows: batch.rows.length }, "relay.published");
    } else if (Date.now() - position.savedAtMs < IDLE_SAVE_MS) {
      continue;
    }
    if (!position.reached(batch)) return;
    await delay(lingerMs(batch.rows));
  }
}

function lingerMs(rows: readonly OutboxRow[]): number {
  if (rows.length > 0 && rows.every(({ topic }) => topic === topics.deliveries)) return LINGER_MS_DELIVERIES;
  return rows.length >= LINGER_FROM_ROWS ? LINGER_MS : 0;
}

/** Renews the leases; aborts `changed` when one is lost, the fair share is another one, or time ran out. */
async function keepShare(
  slots: RelaySlots,
  ids: readonly number[],
  changed: AbortController,
  until: AbortSignal,
): Promise<void> {
  let renewedAt = performance.now();
  while (!until.aborted) {
    await delay(RENEW_MS, undefined, { signal: until }).catch(() => undefined);
    if (until.aborted) return;
    try {
      const kept = await slots.renew(ids);
      const same = kept && sameSlots(ids, await slots.balance());
      if (!same) changed.abort();
      renewedAt = performance.now();
    } catch {
      if (performance.now() - renewedAt > LEASE_MS - RENEW_MS) changed.abort();
    }
  }
}

function sameSlots(ids: readonly number[], held: readonly SlotDocument[]): boolean {
  return ids.length === held.length && held.every(({ _id }, index) => _id === ids[index]);
}

/** Resume tokens sort as text (MongoDB manual, "Resume tokens"), so the smallest covers all slots. */
function earliest(held: readonly SlotDocument[]): OutboxPosition {
  const publishedTo = new Date(Math.min(...held.map(({ published_to }) => published_to.getTime())));
  const tokens = held.map(({ token }) => token);
  const token = tokens.includes(null) ? null : (tokens as string[]).reduce((a, b) => (a < b ? a : b));
  return { token, publishedTo };
}
