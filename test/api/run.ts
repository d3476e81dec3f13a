// npm run test:api: schemathesis against the running system, from the OpenAPI document: whatever it sends, no
// answer is a 500, has a status that is not documented, or breaks its schema.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sendDemoData } from "@waybill/dev-env/demo.ts";
import { portSettings, startSystem, type Ports } from "@waybill/dev-env/system.ts";
import { schemathesis } from "./schemathesis.ts";

const KEY = "test-api-key";
const SECONDS_MAX = 200;
const config = fileURLToPath(new URL("schemathesis.toml", import.meta.url));
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
  await sendDemoData(system.url, KEY);
  const results = join(dataDir, "results.xml");
  const status = await run(await schemathesis(process.env, report), system.url, results);
  const { passed, failed } = counts(readFileSync(results, "utf8"));
  report(`${passed} passed, ${failed === 0 && status !== 0 ? 1 : failed} failed`);
  process.exitCode = status;
} finally {
  await system.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

/** Runs it to its end; answers its exit code. */
function run(
  { command, args, env }: Awaited<ReturnType<typeof schemathesis>>,
  url: string,
  results: string,
): Promise<number> {
  const all = [...args, "--config-file", config, "run", `${url}/openapi.json`, "--url", url];
  all.push("-H", `Authorization: Bearer ${KEY}`, "--max-time", String(SECONDS_MAX));
  all.push("--report-junit-path", results, ...process.argv.slice(2));
  return new Promise((resolve, reject) => {
    const child = spawn(command, all, { env, cwd: dataDir, stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** How many operations passed and failed, by the JUnit report. */
function counts(xml: string): { passed: number; failed: number } {
  const number = (name: string) =>
    Number(new RegExp(`<testsuites[^>]* ${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const failed = number("failures") + number("errors");
  return { passed: number("tests") - failed, failed };
}
