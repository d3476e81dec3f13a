import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";

/** Sends requests to one server, with a bearer token, over connections that are kept. */
export interface Sender extends AsyncDisposable {
  /** Resolves with the body of a 2xx answer; rejects with the status and the answer otherwise. */
  send: (method: "GET" | "POST" | "PATCH", path: string, body?: string) => Promise<string>;
}

const CONNECTIONS_MAX = 256;

/** Opens one; `more` are headers of every request. */
export function openSender(url: string, key: string, more: Readonly<Record<string, string>> = {}): Sender {
  const pool = new Pool(url, { connections: CONNECTIONS_MAX, pipelining: 1 });
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", ...more };
  return {
    async send(method, path, body) {
      const response = await pool.request({ method, path, headers, body: body ?? null });
      const text = await response.body.text();
      if (response.statusCode >= 300)
        throw new Error(`${path}: ${response.statusCode} ${text.slice(0, 500)}`);
      return text;
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

/** What came of a load. */
export interface Measured {
  /** Pieces of work that ended, per second. */
  perSecond: number;
  /** Of each, in milliseconds; sorted. */
  latencies: number[];
}

/** One piece of work; `nth` is unique within the load. */
type Work = (nth: number) => Promise<unknown>;

/** As much as so many callers get done who each wait for their answer before they ask again. */
export async function closedLoop(callers: number, ms: number, work: Work): Promise<Measured> {
  const latencies: number[] = [];
  const beganMs = performance.now();
  let started = 0;
  const caller = async () => {
    while (performance.now() - beganMs < ms) {
      const atMs = performance.now();
      await work((started += 1));
      latencies.push(performance.now() - atMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const perSecond = (latencies.length * 1_000) / (performance.now() - beganMs);
  return { perSecond, latencies: latencies.toSorted((a, b) => a - b) };
}

/**
 * So much work a second, whatever comes of it. A latency counts from the moment when the work was due, so
 * that work that waits for its turn is slow work (no coordinated omission).
 */
export async function openLoop(perSecond: number, ms: number, work: Work): Promise<Measured> {
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  const beganMs = performance.now();
  for (let nth = 0; (nth * 1_000) / perSecond < ms; nth += 1) {
    const dueMs = beganMs + (nth * 1_000) / perSecond;
    if (dueMs > performance.now()) await delay(dueMs - performance.now());
    running.push(work(nth).then(() => void latencies.push(performance.now() - dueMs)));
  }
  await Promise.all(running);
  const achieved = (latencies.length * 1_000) / (performance.now() - beganMs);
  return { perSecond: achieved, latencies: latencies.toSorted((a, b) => a - b) };
}

/** The latency that this share of all stays below. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
