// npm run test:api: schemathesis against the running system, from the OpenAPI document: whatever it sends, no
// answer is a 500, has a status that is not documented, or breaks its schema.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portSettings, startSystem, type Ports, type System } from "@waybill/dev-env/system.ts";
import { answeredBy } from "./answered.ts";
import { makeResources } from "./resources.ts";
import { schemathesis } from "./schemathesis.ts";
import { settingsWith } from "./settings.ts";

/** The first server of the document. */
const BASE_PATH = "/consumers/api/v1";
const KEY = "test-api-key";
const SECONDS_MAX = 200;
const report = (line: string) => void process.stdout.write(`${line}\n`);

const dataDir = mkdtempSync(join(tmpdir(), "waybill-api-"));
const system = await startSystem({
  dataDir,
  ports: Object.fromEntries(Object.keys(portSettings).map((name) => [name, 0])) as Ports,
  apiKeys: { [KEY]: "sandbox" },
  env: { ...process.env, LOG_LEVEL: "warn" },
  ephemeral: true,
  report,
});
try {
  process.exitCode = await check(system);
} finally {
  await system.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

async function check({ url }: System): Promise<number> {
  const tool = await schemathesis(process.env, report);
  using receiver = await startReceiver();
  const settings = join(dataDir, "schemathesis.toml");
  writeFileSync(settings, settingsWith(await makeResources(url, KEY, receiver.url)));
  const [results, archive] = [join(dataDir, "results.xml"), join(dataDir, "answers.har")];
  const status = await run(
    tool,
    url,
    ["--config-file", settings],
    ["--report-junit-path", results, "--report-har-path", archive],
  );
  await reportAnswered(url, archive);
  const { passed, failed } = counts(readFileSync(results, "utf8"));
  report(`${passed} passed, ${failed === 0 && status !== 0 ? 1 : failed} failed`);
  return status;
}

/** Takes every webhook. */
async function startReceiver(): Promise<Disposable & { url: string }> {
  const server = createServer((_, response) => void response.writeHead(204).end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, [Symbol.dispose]: () => server.close().closeAllConnections() };
}

/** Runs it to its end; answers its exit code. */
function run(
  { command, args, env }: Awaited<ReturnType<typeof schemathesis>>,
  url: string,
  settings: readonly string[],
  reports: readonly string[],
): Promise<number> {
  const all = [...args, ...settings, "run", `${url}/openapi.json`, "--url", url + BASE_PATH];
  all.push("-H", `Authorization: Bearer ${KEY}`, "--max-time", String(SECONDS_MAX));
  all.push(...reports, ...process.argv.slice(2));
  return new Promise((resolve, reject) => {
    const child = spawn(command, all, { env, cwd: dataDir, stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** Says how many operations did what they are for, so that a run of mere refusals is seen. */
async function reportAnswered(url: string, archive: string): Promise<void> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
  const answered = answeredBy(document, BASE_PATH, archive);
  const isSuccess = (status: string) => status.startsWith("2");
  const refused = answered.filter(({ statuses }) => !Object.keys(statuses).some(isSuccess));
  report(`${answered.length - refused.length} of ${answered.length} operations answered with 2xx`);
  for (const { name, statuses } of refused) report(`  not ${name}: ${JSON.stringify(statuses)}`);
}

/** How many operations passed and failed, by the JUnit report. */
function counts(xml: string): { passed: number; failed: number } {
  const number = (name: string) =>
    Number(new RegExp(`<testsuites[^>]* ${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const failed = number("failures") + number("errors");
  return { passed: number("tests") - failed, failed };
}
