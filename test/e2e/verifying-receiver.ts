import { Webhook } from "standardwebhooks";
import {
  startReceiver,
  type ReceivedWebhook,
  type Receiver,
} from "../../services/callbacks/test/receiver.ts";
import type { Api } from "./api.ts";

/** What webhooks of a message type are signed with at a path. */
interface Trusted {
  path: string;
  message_type: string;
  secret: string;
}

/**
 * A receiver that has the official library verify every request: those of a path whenever it is looked at, and
 * all that ever came when it is disposed.
 */
export interface VerifyingReceiver extends Receiver {
  /** Registers paths and remembers their secrets; answers the ids. */
  register: (api: Api, records: readonly { path: string; message_type: string }[]) => Promise<string[]>;
  /** The secret of a registration that was made in another way, or one more: each has to verify. */
  trust: (trusted: Trusted) => void;
}

/** What webhooks of orders are told as. */
const messageTypes = ["orderEvent", "orderUpdateResolution", "orderCancelResolution"];

/** Registers one path for all that is told of orders. */
export async function registerAll(receiver: VerifyingReceiver, api: Api, path: string): Promise<void> {
  await receiver.register(
    api,
    messageTypes.map((message_type) => ({ path, message_type })),
  );
}

export async function startVerifyingReceiver(): Promise<VerifyingReceiver> {
  const receiver = await startReceiver();
  const known: Trusted[] = [];
  return {
    ...receiver,
    trust: (trusted) => void known.push(trusted),
    async register(api, records) {
      const wanted = records.map(({ path, ...record }) => ({ url: receiver.url(path), ...record }));
      const { body } = await api.post("/callbacks", wanted);
      const made: { system_id: string; secret: string }[] = body.results;
      made.forEach(({ secret }, index) => known.push({ ...records[index]!, secret }));
      return made.map(({ system_id }) => system_id);
    },
    at: (path) => verified(receiver.at(path), known),
    async [Symbol.asyncDispose]() {
      await receiver[Symbol.asyncDispose]();
      verified(receiver.all(), known);
    },
  };
}

/** Throws for the first that is not signed as it should be. */
function verified(webhooks: readonly ReceivedWebhook[], known: readonly Trusted[]): ReceivedWebhook[] {
  for (const { path, body, headers } of webhooks) {
    const type: string = JSON.parse(body).message_type;
    // Tests of a registration are signed as its own messages are.
    const own = known.filter((one) => one.path === path && (one.message_type === type || type === "test"));
    if (own.length === 0) throw new Error(`a webhook ${type} came to ${path}, where none is registered`);
    for (const { secret } of own) new Webhook(secret).verify(body, headers as Record<string, string>);
  }
  return [...webhooks];
}
