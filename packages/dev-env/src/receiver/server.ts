import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

/** Messages that are remembered, so that none is handled twice. */
const REMEMBERED_MAX = 10_000;
/** Larger than any webhook. */
const BODY_BYTES_MAX = 2 * 1024 * 1024;

/** A message that was verified. */
export interface VerifiedMessage {
  headers: IncomingHttpHeaders;
  message_type: string;
  message_id: string;
  data: unknown;
}

interface ReceiverOptions {
  port: number;
  /** What messages may be signed with; asked for each. */
  secrets: () => readonly string[];
  /** Called once for each message, however often it arrives. */
  handle: (message: VerifiedMessage) => void;
  /** Called for each message that is refused, with the reason. */
  refuse: (headers: IncomingHttpHeaders, reason: string) => void;
}

/** Receives webhooks on this machine until the server is closed. Rejects if the port is taken. */
export async function startReceiver({ port, ...options }: ReceiverOptions): Promise<Server> {
  const handled = new Set<string>();
  const server = createServer((request, response) => {
    receive(request, options, handled).then(
      (refusal) => response.writeHead(refusal === null ? 204 : 400).end(refusal),
      () => response.writeHead(400).end("the message could not be read"),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}

/** Why the message is refused; null if it was taken. */
async function receive(
  request: IncomingMessage,
  { secrets, handle, refuse }: Omit<ReceiverOptions, "port">,
  handled: Set<string>,
): Promise<string | null> {
  const { headers } = request;
  if (Number(headers["content-length"]) > BODY_BYTES_MAX) return "the body is too large";
  const body = await text(request);
  const reason = refusalOf(body, headers, secrets());
  if (reason !== null) {
    refuse(headers, reason);
    return reason;
  }
  const { message_type, message_id, data } = JSON.parse(body) as VerifiedMessage;
  if (handled.has(message_id)) return null;
  remember(handled, message_id);
  handle({ headers, message_type, message_id, data });
  return null;
}

/** Why none of the secrets verifies the message; null if one does. */
function refusalOf(body: string, headers: IncomingHttpHeaders, secrets: readonly string[]): string | null {
  let reason = "there is no secret to verify it with";
  for (const secret of secrets) {
    try {
      new Webhook(secret).verify(body, headers as Record<string, string>);
      return null;
    } catch (error) {
      reason = error instanceof Error ? error.message : "not verified";
    }
  }
  return reason;
}

function remember(handled: Set<string>, id: string): void {
  handled.add(id);
  if (handled.size > REMEMBERED_MAX) handled.delete(handled.values().next().value!);
}
