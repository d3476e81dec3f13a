import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** A request as it arrived. */
export interface Received {
  verb: string;
  /** With its query. */
  path: string;
  headers: IncomingMessage["headers"];
  body: unknown;
}

/** What is answered. */
export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What becomes of a request: it is answered, or the connection breaks, or nothing happens. */
export type Reply = Answer | "break" | "silence";

/** A server in the place of the API that answers what a test wants, for what a running one seldom does. */
export async function standIn(reply: (request: Received, number: number) => Reply) {
  const received: Received[] = [];
  const server = createServer((request, response) => void receive(request, response));
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    const { method: verb = "", url: path = "", headers } = request;
    received.push({ verb, path, headers, body: body === "" ? undefined : JSON.parse(body) });
    const answer = reply(received.at(-1)!, received.length);
    if (answer === "break") request.socket.destroy();
    if (typeof answer === "string") return;
    response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
    response.end(answer.body === undefined ? "" : JSON.stringify(answer.body));
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

/** A problem as the API answers it; `retryAfter` in seconds. */
export function problem(status: number, code: string, more: object = {}, retryAfter = "0"): Answer {
  const body = {
    type: "",
    title: "",
    status,
    code,
    detail: "so it is",
    action: "",
    request_id: "r1",
    errors: [],
  };
  return { status, body: { ...body, ...more }, headers: { "retry-after": retryAfter } };
}
