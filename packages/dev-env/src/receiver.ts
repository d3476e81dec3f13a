// npm run receiver: a webhook receiver for trying things out. Registers itself with the running system,
// verifies what arrives and prints it.
import { createServer, type IncomingMessage, type Server } from "node:http";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { Webhook } from "standardwebhooks";
import { dataDirOf } from "./data-dir.ts";
import { sandboxKey } from "./kept-secret.ts";

const messageTypes = ["orderEvent", "orderUpdateResolution", "orderCancelResolution"];
const say = (line: string) => void process.stdout.write(`${line}\n`);

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "9100" },
      api: { type: "string", default: "http://127.0.0.1:8080" },
    },
  });
  const url = `http://127.0.0.1:${values.port}/`;
  let secrets: string[] = [];
  const server = createServer((request, response) => {
    void receive(request, secrets).then(
      () => response.writeHead(204).end(),
      () => response.writeHead(400).end("the signature is not valid"),
    );
  });
  // Only then registered: else a taken port would get the webhooks.
  await listenOn(server, Number(values.port));
  secrets = await register(values.api, url);
  say(`receiving webhooks at ${url} (Ctrl-C ends it)`);
}

function listenOn(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", () => reject(new Error(`port ${port} is taken; choose another with -- --port`)));
    server.listen(port, "127.0.0.1", resolve);
  });
}

async function receive(request: IncomingMessage, secrets: readonly string[]): Promise<void> {
  const body = await text(request);
  const headers = request.headers as Record<string, string>;
  const verified = secrets.some((secret) => isSignedWith(secret, body, headers));
  const { message_type, message_id, data } = JSON.parse(body) as {
    message_type: string;
    message_id: string;
    data: unknown;
  };
  say(
    `${new Date().toISOString()} ${verified ? "verified" : "NOT VERIFIED"} ${message_type} ${message_id} ` +
      `order ${headers["waybill-order-id"]} sequence ${headers["waybill-sequence"]} ` +
      `(after ${headers["waybill-previous-sequence"]}) attempt ${headers["waybill-attempt"]}`,
  );
  say(`  ${JSON.stringify(data)}`);
  if (!verified) throw new Error("not verified");
}

function isSignedWith(secret: string, body: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

/** Registers the url for every message type. A secret is told once, so it is kept beside the data. */
async function register(api: string, url: string): Promise<string[]> {
  const dataDir = dataDirOf(process.env);
  const key = sandboxKey(dataDir, process.env);
  const kept = readKept(dataDir);
  const records = messageTypes.map((message_type) => ({ url, message_type }));
  let results = await call(api, key, "POST", records);
  keep(dataDir, Object.assign(kept, secretsIn(results)));
  const lost = results.filter(({ system_id, secret }) => !secret && !kept[system_id]);
  if (lost.length > 0) {
    await call(
      api,
      key,
      "DELETE",
      lost.map(({ system_id }) => system_id),
    );
    results = await call(api, key, "POST", records);
    keep(dataDir, Object.assign(kept, secretsIn(results)));
  }
  return results.map(({ system_id }) => kept[system_id]!);
}

function secretsIn(results: readonly RegistrationResult[]): Record<string, string> {
  return Object.fromEntries(
    results.flatMap(({ system_id, secret }) => (secret ? [[system_id, secret]] : [])),
  );
}

interface RegistrationResult {
  system_id: string;
  secret: string | null;
}

async function call(api: string, key: string, method: string, body: unknown): Promise<RegistrationResult[]> {
  const response = await fetch(`${api}/callbacks`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => null);
  if (response === null)
    throw new Error(`nothing answers at ${api}: run npm start first, or name it with -- --api`);
  const answer = (await response.json()) as {
    detail?: string;
    results?: (RegistrationResult & { reason: string | null })[];
  };
  const refused = answer.detail ?? answer.results?.find(({ reason }) => reason !== null)?.reason;
  if (!answer.results || refused) throw new Error(`${method} /callbacks was refused: ${refused}`);
  return answer.results;
}

function readKept(dataDir: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(keptFile(dataDir), "utf8")) as Record<string, string>;
  } catch {
    return {};
  }
}

function keep(dataDir: string, secrets: Record<string, string>): void {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(keptFile(dataDir), `${JSON.stringify(secrets)}\n`, { mode: 0o600 });
}

function keptFile(dataDir: string): string {
  return join(dataDir, "receiver-secrets.json");
}
