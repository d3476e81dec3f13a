// npm run receiver: a webhook receiver for trying things out, which registers itself with the running system,
// verifies what arrives and prints it; and a check of somebody else's receiver.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { dataDirOf } from "./data-dir.ts";
import { sandboxKey } from "./kept-secret.ts";
import { checkReceiver } from "./receiver/check.ts";
import { startReceiver, type VerifiedMessage } from "./receiver/server.ts";

const messageTypes = ["orderEvent", "orderUpdateResolution", "orderCancelResolution"];
const SECRET_FORM = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;
const HELP = `npm run receiver [-- --port 9100 --api http://127.0.0.1:8080]
  Registers itself with npm start for every message type, verifies what arrives and prints it.

npm run receiver -- check <url> [--secret whsec_…] [--token …]
  Checks a receiver: sends it genuine, repeated, late, forged and altered webhooks and looks at its answers.
  They are about orders that do not exist: check a test installation. One line for each check; the exit code is 0
  if all passed, else 1.

  --secret   what the receiver verifies with; better in WEBHOOK_SECRET, where no list of processes shows it
  --token    sent as Authorization: Bearer …, if the receiver asks for it; or WEBHOOK_TOKEN
`;
const say = (line: string) => void process.stdout.write(`${line}\n`);

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string", default: "9100" },
      api: { type: "string", default: "http://127.0.0.1:8080" },
      secret: { type: "string" },
      token: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [command, url, ...more] = positionals;
  if (values.help) return say(HELP);
  if (command === undefined) return receive(Number(values.port), values.api);
  if (command !== "check" || url === undefined || more.length > 0)
    throw new Error(`what is asked for is not clear\n\n${HELP}`);
  await check(
    url,
    values.secret ?? process.env["WEBHOOK_SECRET"],
    values.token ?? process.env["WEBHOOK_TOKEN"],
  );
}

async function check(url: string, secret: string | undefined, token: string | undefined): Promise<void> {
  if (!/^https?:/.test(URL.parse(url)?.protocol ?? "")) throw new Error(`${url} is no http or https url`);
  if (secret === undefined || !SECRET_FORM.test(secret))
    throw new Error("set WEBHOOK_SECRET, or --secret, to what the receiver verifies with: whsec_…");
  let failed = 0;
  for await (const { title, passed, detail } of checkReceiver({ url, secret, token: token ?? null })) {
    say(`${passed ? "ok    " : "FAILED"}  ${title}: ${detail}`);
    if (!passed) failed += 1;
  }
  say(failed === 0 ? "all passed" : `${failed} failed; docs/webhooks.md tells what a receiver must do`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function receive(port: number, api: string): Promise<void> {
  const url = `http://127.0.0.1:${port}/`;
  let secrets: string[] = [];
  const refuse = (headers: VerifiedMessage["headers"], reason: string) =>
    say(`${new Date().toISOString()} NOT VERIFIED (${reason}) ${placeOf(headers)}`);
  // Only then registered: else a taken port would get the webhooks.
  await startReceiver({ port, secrets: () => secrets, handle: print, refuse }).catch(() => {
    throw new Error(`port ${port} is taken; choose another with -- --port`);
  });
  secrets = await register(api, url);
  say(`receiving webhooks at ${url} (Ctrl-C ends it)`);
}

function print({ headers, message_type, message_id, data }: VerifiedMessage): void {
  say(`${new Date().toISOString()} verified ${message_type} ${message_id} ${placeOf(headers)}`);
  say(`  ${JSON.stringify(data)}`);
}

function placeOf(headers: VerifiedMessage["headers"]): string {
  const shown = (name: string) => String(headers[name]);
  return (
    `order ${shown("waybill-order-id")} sequence ${shown("waybill-sequence")} ` +
    `(after ${shown("waybill-previous-sequence")}) attempt ${shown("waybill-attempt")}`
  );
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
