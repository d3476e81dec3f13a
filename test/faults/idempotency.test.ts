import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { killRandomly } from "./chaos.ts";
import { randomFrom, seedOfRun } from "./random.ts";
import { startFaultSystem, type FaultSystem } from "./system.ts";

const CHAOS_MS = 20_000;
const WRITERS = 4;
const PACE_MS = 20;
const victims = ["groupings", "groupings", "gateway", "mongodb"] as const;

let faults: FaultSystem;
beforeAll(async () => {
  faults = await startFaultSystem(false);
});
afterAll(() => faults[Symbol.asyncDispose]());

it("kill -9 at random moments: what was asked for by one key is there once, as it was answered", async () => {
  const until = Date.now() + CHAOS_MS;
  const answered = new Map<string, number>();
  const replays = { count: 0 };
  const writers = Array.from({ length: WRITERS }, (_, writer) => write(writer, until, answered, replays));
  const kills = await killRandomly(faults, victims, randomFrom(seedOfRun()), until);
  await Promise.all(writers);
  process.stdout.write(`${answered.size} keys answered under ${kills} kills, ${replays.count} by replays\n`);
  expect(answered.size).toBeGreaterThan(20);
  expect(kills).toBeGreaterThan(2);
  const listed = await listAll();
  expect(listed.map(({ first_name, id }) => [first_name, id]).sort()).toEqual([...answered].sort());
});

/** Creates profiles, each with a key of its own, and repeats each request until it is answered with 201. */
async function write(
  writer: number,
  until: number,
  answered: Map<string, number>,
  replays: { count: number },
): Promise<void> {
  for (let request = 0; Date.now() < until; request += 1) {
    await delay(PACE_MS);
    const key = `w${writer}-${request}`;
    const answer = await vi.waitUntil(
      async () => {
        const sent = await send("POST", "/profiles", key);
        // Nothing but "not yet" may stand in the way of a repeat.
        if (sent) expect([201, 409, 503]).toContain(sent.status);
        return sent?.status === 201 ? sent : null;
      },
      { timeout: 90_000, interval: 200 },
    );
    answered.set(key, answer.body.id);
    if (answer.headers.get("idempotent-replayed")) replays.count += 1;
  }
}

function send(method: string, path: string, key: string) {
  return faults.send(method, path, { first_name: key, last_name: "L" }, { "idempotency-key": key });
}

async function listAll(): Promise<any[]> {
  const all: any[] = [];
  for (let offset = 0; ; offset += 100) {
    const page = await vi.waitUntil(
      async () => {
        const answer = await faults.send("GET", `/profiles?limit=100&offset=${offset}`);
        return answer?.status === 200 ? answer.body.data : null;
      },
      { timeout: 60_000, interval: 200 },
    );
    all.push(...page);
    if (page.length < 100) return all;
  }
}
