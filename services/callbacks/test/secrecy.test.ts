import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newTenant, startTestCallbacks, until, type TestCallbacks } from "./harness.ts";
import { startReceiver, type Receiver } from "./receiver.ts";

const SECRETS_KEY = randomBytes(32).toString("base64");
const TOKEN = `token-${randomUUID()}`;
const HEADER = `header-${randomUUID()}`;
const PASSWORD = `password-${randomUUID()}`;
const BODY = `body-${randomUUID()}`;

let network: TestCallbacks;
let receiver: Receiver;
/** What must not be told, by what it is. */
const secrets = new Map(Object.entries({ SECRETS_KEY, TOKEN, HEADER, PASSWORD }));
/** Everything that callers were answered, but for the two answers that tell a secret once. */
const answers: unknown[] = [];

beforeAll(async () => {
  [network, receiver] = await Promise.all([
    startTestCallbacks({ SECRETS_KEY, LOG_LEVEL: "debug", RETRY_SCHEDULE_MS: "0,50", ATTEMPT_MS_MAX: "300" }),
    startReceiver(),
  ]);
  await liveThrough(newTenant());
});
afterAll(async () => {
  await network[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

/** Registrations, deliveries that arrive, fail, hang and are parked, rotations, refusals, replays. */
async function liveThrough(tenant: string): Promise<void> {
  const as = () => network.as(tenant);
  const paths = { ok: {}, bad: { status: 500 }, gone: { status: 410 }, dark: { hang: true }, echo: {} };
  const order = randomUUID();
  const ids: string[] = [];
  for (const [name, behavior] of Object.entries(paths)) {
    receiver.behave(`/${name}`, (_, { headers }) =>
      name === "echo" ? { status: 400, body: JSON.stringify(headers) } : behavior,
    );
    const { id, secret } = await network.register(tenant, receiver.url(`/${name}`), {
      token: TOKEN,
      headers: { "X-Api-Key": HEADER },
    });
    secrets.set(`the secret of ${name}`, secret.slice("whsec_".length));
    ids.push(id);
  }
  const rotated = await network.callbacks.rotateCallbackSecret({ id: ids[0]! }, as());
  secrets.set("the rotated secret", rotated.secret.slice("whsec_".length));
  await network.tell({ tenant, order, sequence: 1, data: { gift_message: BODY } });
  await until(async () => {
    const found = await network.deliveries(order);
    const isOver = found.map(({ status, attempts_count }) => status !== "pending" || attempts_count > 0);
    return isOver.length === ids.length && isOver.every(Boolean);
  });
  for (const { _id, callback_id, message_id } of await network.deliveries(order)) {
    const shown = { id: `${callback_id}.${message_id}` };
    answers.push(await network.deliveryLog.getCallbackDelivery(shown, as()), _id);
  }
  await keep(network.callbacks.testCallback({ id: ids[0]! }, as()));
  await keep(network.replays.createCallbackReplay({ replay: { callback_id: ids[0]! } }, as()));
  await keep(refusedChange(tenant, ids[0]!, { url: `https://user:${PASSWORD}@example.com/` }));
  await keep(refusedChange(tenant, ids[0]!, { token: `${TOKEN} \n` }));
  await keep(refusedChange(tenant, ids[0]!, { headers: { [`Y-${HEADER}`.slice(0, 9)]: HEADER } }));
  await keep(refusedChange(tenant, ids[0]!, { headers: { "x-a": `${HEADER}\n` } }));
  const refused = [`https://user:${PASSWORD}@example.com/`, `ftp://${PASSWORD}`].map((url) => ({
    url,
    message_type: "orderEvent",
    headers: { "X-Api-Key": HEADER },
    token: TOKEN,
  }));
  await keep(network.callbacks.createCallbacks({ callbacks: refused }, as()));
  await keep(network.callbacks.listCallbacks({}, as()));
  await keep(network.deliveryLog.listCallbackDeliveries({}, as()));
  await keep(network.callbacks.deleteCallbacks({ ids: ids.slice(1) }, as()));
  await until(async () => (await network.lanes()).length === 0);
}

function refusedChange(tenant: string, id: string, change: object): Promise<unknown> {
  const callback = { headers: {}, ...change };
  return network.callbacks.updateCallback(
    { id, callback, update_mask: Object.keys(change) },
    network.as(tenant),
  );
}

async function keep(call: Promise<unknown>): Promise<void> {
  answers.push(
    await call.catch((error: Error & { violations?: unknown }) => [
      error.message,
      error.stack,
      error.violations,
      JSON.stringify(error),
    ]),
  );
}

/** The names of the secrets that the text has in it, as they are or in Base64. */
const found = (text: string) =>
  [...secrets]
    .filter(([, secret]) => text.includes(secret) || text.includes(Buffer.from(secret).toString("base64")))
    .map(([name]) => name);

describe("a secret, a token, the value of a header and a url's password", () => {
  it("are in no line of the log, and neither are the payloads", () => {
    const log = network.log();
    expect(log).toContain("delivery.attempted");
    expect([found(log), log.includes(BODY)]).toEqual([[], false]);
  });

  it("are in no answer and no error", () => {
    expect(answers).toHaveLength(5 * 2 + 10);
    expect(found(JSON.stringify(answers))).toEqual([]);
  });

  it("are nowhere in the database in the clear, the topic's events included", async () => {
    for (const { name } of await network.db.listCollections().toArray()) {
      const stored = JSON.stringify(await network.db.collection(name).find().toArray());
      expect([name, found(stored)]).toEqual([name, []]);
    }
    expect(await network.db.collection("outbox").countDocuments()).toBeGreaterThan(5);
  });
});
