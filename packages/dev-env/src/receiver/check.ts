import { randomUUID } from "node:crypto";
import {
  nowSeconds,
  orderEvent,
  signed,
  testEvent,
  unknownSecret,
  withHeaders,
  type Message,
} from "./messages.ts";

/** How long a receiver has for its whole answer: as long as an attempt of the callbacks service. */
const ANSWER_MS_MAX = 15_000;
/** Slower than this a receiver takes few webhooks, so it is told. */
const SLOW_MS = 5_000;
/** Outside of the five minutes that a signature is good for. */
const STALE_SECONDS = 600;
/** Webhooks of different orders that arrive together. */
const TOGETHER = 8;
/** 410 would disable the registration; 423 and 429 ask for a later try. */
const notRefusals = new Set([410, 423, 429]);

/** The receiver that is checked. */
interface CheckedReceiver {
  url: string;
  /** What it verifies with: `whsec_…`. */
  secret: string;
  /** Sent as `Authorization: Bearer <token>`; null: none. */
  token: string | null;
  /** Default: ANSWER_MS_MAX. */
  answerMsMax?: number;
}

/** What one check found. */
export interface CheckResult {
  title: string;
  passed: boolean;
  /** What was answered, and what to do if it was not right. */
  detail: string;
}

/** What came back: the status, or why there is none. */
interface Answer {
  status: number | null;
  failure: string | null;
  durationMs: number;
}

type Send = (message: Message) => Promise<Answer>;
type Check = readonly [title: string, run: (send: Send, secret: string) => Promise<Answer[]>, judge: Judge];
/** What is wrong with an answer and what to do; null if it is right. */
type Judge = (answer: Answer) => string | null;

const taken: Judge = ({ status, failure }) => {
  if (status === null) return `${failure}: answer 2xx within 15 seconds, and do the work afterwards`;
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400)
    return `answered ${status}: redirects are never followed, register the url that answers`;
  return `answered ${status}: a genuine message must be answered with 2xx`;
};

const refusedFor =
  (advice: string): Judge =>
  ({ status, failure }) => {
    if (status === null) return `${failure}: refuse it with 400 or 401`;
    if (notRefusals.has(status))
      return `answered ${status}, which means something else: refuse it with 400 or 401`;
    return status >= 400 && status < 500 ? null : `answered ${status}: refuse it with 400 or 401. ${advice}`;
  };

const forged = refusedFor("Verify webhook-signature over the bytes that arrived, before anything else.");
const stale = refusedFor("Refuse a webhook-timestamp that is more than five minutes away.");

const checks: readonly Check[] = [
  ["takes a genuine message", async (send, secret) => [await send(signed(secret))], taken],
  [
    "takes the same message again (handle each webhook-id once: from outside only the answer is seen)",
    async (send, secret) => {
      const message = signed(secret);
      const again = withHeaders(message, { "waybill-attempt": "2" });
      return [await send(message), await send(again), await send(again)];
    },
    taken,
  ],
  [
    "verifies the bytes, not the JSON: takes a genuine message that is spelled in another way",
    async (send, secret) => {
      const message = orderEvent();
      const spaced = JSON.stringify(JSON.parse(message.body), null, 1);
      const body = `${spaced.replace('"packed"', String.raw`"\u0070acked"`)}\n`;
      return [await send(signed(secret, { ...message, body }))];
    },
    taken,
  ],
  [
    "takes a message with two signatures, of which the second is by its secret (a rotation)",
    async (send, secret) => {
      const message = signed(secret);
      const signatures = [signed(unknownSecret(), message), message].map(signatureOf);
      return [await send(withHeaders(message, { "webhook-signature": signatures.join(" ") }))];
    },
    taken,
  ],
  [
    "takes the test event of POST /callbacks/{id}/test",
    async (send, secret) => [await send(signed(secret, testEvent()))],
    taken,
  ],
  [
    "takes messages of one order that arrive out of their order",
    async (send, secret) => {
      const order = randomUUID();
      const early = await send(signed(secret, orderEvent({ order, sequence: 3, previous: 0 })));
      const late = await send(signed(secret, orderEvent({ order, sequence: 2, previous: 0 })));
      return [early, late, await send(signed(secret, orderEvent({ order, sequence: 4, previous: 3 })))];
    },
    taken,
  ],
  [
    `takes ${TOGETHER} messages of different orders at the same time`,
    (send, secret) => Promise.all(Array.from({ length: TOGETHER }, () => send(signed(secret)))),
    taken,
  ],
  [
    "refuses a message signed with another secret",
    async (send) => [await send(signed(unknownSecret()))],
    forged,
  ],
  [
    "refuses a message whose body was changed",
    async (send, secret) => {
      const message = signed(secret);
      return [await send({ ...message, body: message.body.replace('"packed"', '"canceled"') })];
    },
    forged,
  ],
  [
    "refuses a message that has another one's id",
    async (send, secret) => [await send(withHeaders(signed(secret), { "webhook-id": randomUUID() }))],
    forged,
  ],
  ["refuses a message without a signature", async (send) => [await send(orderEvent())], forged],
  [
    "refuses a genuine message that is ten minutes old",
    async (send, secret) => [await send(signed(secret, orderEvent(), nowSeconds() - STALE_SECONDS))],
    stale,
  ],
  [
    "refuses a genuine message that is ten minutes ahead",
    async (send, secret) => [await send(signed(secret, orderEvent(), nowSeconds() + STALE_SECONDS))],
    stale,
  ],
];

function signatureOf({ headers }: Message): string {
  return headers["webhook-signature"]!;
}

/** Runs every check against a receiver, one after the other. The messages are about orders that do not exist. */
export async function* checkReceiver(receiver: CheckedReceiver): AsyncGenerator<CheckResult> {
  let slowestMs = 0;
  const send: Send = async (message) => {
    const answer = await post(receiver, message);
    slowestMs = Math.max(slowestMs, answer.durationMs);
    return answer;
  };
  for (const [title, run, judge] of checks) {
    const answers = await run(send, receiver.secret);
    const wrong = answers.map(judge).find((reason) => reason !== null);
    yield { title, passed: wrong === undefined, detail: wrong ?? answers.map(shown).join(", ") };
  }
  const limitMs = receiver.answerMsMax ?? ANSWER_MS_MAX;
  const advice = slowestMs > SLOW_MS ? ": store the message, answer, and do the work afterwards" : "";
  const detail = `the slowest answer took ${Math.round(slowestMs)} ms${advice}`;
  yield { title: `answers within ${limitMs / 1_000} seconds`, passed: slowestMs < limitMs, detail };
}

async function post(receiver: CheckedReceiver, { body, headers }: Message): Promise<Answer> {
  const { url, token, answerMsMax = ANSWER_MS_MAX } = receiver;
  const startedMs = performance.now();
  const answer = { status: null as number | null, failure: null as string | null };
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { ...headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      redirect: "manual",
      signal: AbortSignal.timeout(answerMsMax),
    });
    answer.status = response.status;
    await response.body?.cancel();
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    answer.failure = isLate
      ? `no answer within ${answerMsMax / 1_000} seconds`
      : `no answer (${codeOf(error)})`;
  }
  return { ...answer, durationMs: performance.now() - startedMs };
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return cause?.code ?? "the connection failed";
}

function shown({ status, durationMs }: Answer): string {
  return `${status} in ${Math.round(durationMs)} ms`;
}
