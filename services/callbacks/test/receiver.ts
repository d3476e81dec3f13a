import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** How a path answers. */
interface Behavior {
  /** Default 204. */
  status?: number;
  /** Before the answer. */
  delayMs?: number;
  /** Never answers. */
  hang?: boolean;
  headers?: Record<string, string>;
  body?: string;
}

/** A request as it arrived. */
export interface ReceivedWebhook {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  atMs: number;
  /** When it was answered, or its connection was closed; null until then. */
  endedMs: number | null;
}

/** An HTTP server on this machine that takes webhooks. */
export interface Receiver extends AsyncDisposable {
  /** The url of a path. */
  url: (path: string) => string;
  /** How a path answers from now on; a function is asked for each request, `nth` from 1. Others answer 204. */
  behave: (path: string, behavior: Behavior | ((nth: number, webhook: ReceivedWebhook) => Behavior)) => void;
  /** What arrived at a path, in the order of arrival. */
  at: (path: string) => ReceivedWebhook[];
  /** What arrived at all paths. */
  all: () => ReceivedWebhook[];
}

export async function startReceiver(): Promise<Receiver> {
  const received = new Map<string, ReceivedWebhook[]>();
  const behaviors = new Map<string, (nth: number, webhook: ReceivedWebhook) => Behavior>();
  const at = (path: string) => received.get(path) ?? received.set(path, []).get(path)!;
  const server = createServer((request, response) => {
    void read(request, response).then(async (webhook) => {
      at(webhook.path).push(webhook);
      const behavior = behaviors.get(webhook.path)?.(at(webhook.path).length, webhook) ?? {};
      await answer(response, behavior);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    behave: (path, behavior) =>
      void behaviors.set(path, typeof behavior === "function" ? behavior : () => behavior),
    at,
    all: () => [...received.values()].flat(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(request: IncomingMessage, response: ServerResponse): Promise<ReceivedWebhook> {
  const chunks: Buffer[] = [];
  const atMs = performance.now();
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const webhook: ReceivedWebhook = {
    path: request.url!,
    headers: request.headers,
    body: Buffer.concat(chunks).toString("utf8"),
    atMs,
    endedMs: null,
  };
  response.on("close", () => (webhook.endedMs = performance.now()));
  return webhook;
}

async function answer(response: ServerResponse, { status, delayMs, hang, headers, body }: Behavior) {
  if (hang) return;
  if (delayMs) await delay(delayMs);
  response.writeHead(status ?? 204, headers);
  response.end(body);
}
