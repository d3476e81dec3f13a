import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { randomFrom, seedOfRun } from "../../../test/faults/random.ts";
import { newTenant, until, type TestCallbacks } from "./harness.ts";
import { networkWithReceiver } from "./network-with-receiver.ts";
import type { ReceivedWebhook, Receiver } from "./receiver.ts";

const KILLS = 20;
const ORDERS = 40;
const PACE_MS = 200;
const EVENTS_EACH = 4;
/** Attempts to one registration at the same time. */
const CONCURRENCY = 8;
/** Between an answer and its note in the database, on a busy machine. */
const NOTE_MS_MAX = 3_000;

let network: TestCallbacks;
let receiver: Receiver;
networkWithReceiver((started) => ({ network, receiver } = started), {
  ATTEMPT_MS_MAX: "500",
  ENDPOINT_CONCURRENCY: String(CONCURRENCY),
});

it(
  "kills of two instances under load, twenty in all, lose nothing, change no order's order, and double only what was in flight",
  { timeout: 180_000 },
  async () => {
    const random = randomFrom(seedOfRun());
    const [tenant, path] = [newTenant(), `/${randomUUID()}`];
    receiver.behave(path, () => ({ delayMs: random() * 30 }));
    await network.register(tenant, receiver.url(path));
    // From here on only processes that are killed do the work.
    await network.stopOwn();
    const killing = killInTurns(random);
    const told = await tellUntil(tenant, killing);
    const kills = await killing;
    await using _last = await network.startInstance();
    await until(() => firstsAt(path).length === told, 90_000);
    const firsts = firstsAt(path);
    for (const members of Map.groupBy(firsts, ({ headers }) => headers["waybill-order-id"]).values())
      expect(members.map(({ headers }) => Number(headers["waybill-sequence"]))).toEqual(
        members.map((_, index) => index + 1),
      );
    const copies = copiesAt(path);
    process.stdout.write(`${told} webhooks, ${copies.length} of them twice, under ${kills.length} kills\n`);
    expect(copies.length).toBeLessThanOrEqual(kills.length * CONCURRENCY);
    for (const first of copies) expect(kills.some((killedMs) => wasInFlight(first, killedMs))).toBe(true);
  },
);

/** Two processes, each started, left alone for a moment and killed, again and again; answers when. */
async function killInTurns(random: () => number): Promise<number[]> {
  const kills: number[] = [];
  const lives = async () => {
    while (kills.length < KILLS) {
      const running = await network.startProcess();
      await delay(1_000 + random() * 3_000);
      kills.push(performance.now());
      await running.kill();
    }
  };
  await Promise.all([lives(), lives()]);
  return kills;
}

/** Tells events of all orders in turns until the kills are over; answers how many. */
async function tellUntil(tenant: string, killing: Promise<unknown>): Promise<number> {
  const orders = Array.from({ length: ORDERS }, () => randomUUID());
  let isOver = false;
  void killing.finally(() => (isOver = true));
  let told = 0;
  while (!isOver) {
    const events = Array.from({ length: EVENTS_EACH }, (_, index) => ({
      tenant,
      order: orders[(told + index) % ORDERS]!,
      sequence: 1 + Math.floor((told + index) / ORDERS),
    }));
    await network.tell(...events);
    told += events.length;
    await delay(PACE_MS);
  }
  return told;
}

/** Every webhook when it arrived first, in the order of that. */
function firstsAt(path: string): ReceivedWebhook[] {
  const firsts = new Map<unknown, ReceivedWebhook>();
  for (const webhook of receiver.at(path)) {
    const id = webhook.headers["webhook-id"];
    if (!firsts.has(id)) firsts.set(id, webhook);
  }
  return [...firsts.values()];
}

/** For each webhook that came again: the arrival before that. */
function copiesAt(path: string): ReceivedWebhook[] {
  const groups = Map.groupBy(receiver.at(path), ({ headers }) => headers["webhook-id"]);
  return [...groups.values()].flatMap((copies) => copies.slice(0, -1));
}

function wasInFlight({ atMs, endedMs }: ReceivedWebhook, killedMs: number): boolean {
  return atMs <= killedMs && (endedMs === null || endedMs + NOTE_MS_MAX >= killedMs);
}
