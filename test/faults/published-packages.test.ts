import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startFaultSystem, type FaultSystem } from "./system.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const PNPM = "pnpm@12.21.0";
/** The oldest Node that the client is for; where the registry has none for this machine, the one that runs this. */
const OLDEST_NODE = "20.20.2";

let faults: FaultSystem;
let project: string;
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "waybill-project-"));
  faults = await startFaultSystem(false);
}, 120_000);
afterAll(async () => {
  await faults[Symbol.asyncDispose]();
  rmSync(project, { recursive: true });
});

/** The tarball that `pnpm publish` would send. */
async function pack(name: string): Promise<string> {
  const cwd = join(root, "packages", name);
  const args = ["--yes", PNPM, "pack", "--json", "--pack-destination", project];
  const { stdout } = await run("npx", args, { cwd });
  return (JSON.parse(stdout.slice(stdout.indexOf("{"))) as { filename: string }).filename;
}

function examplesOf(name: string): string[] {
  const readme = readFileSync(join(root, "packages", name, "README.md"), "utf8");
  return [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code!);
}

async function oldestNode(): Promise<string> {
  try {
    const name = `node-${process.platform}-${process.arch}`;
    await run("npm", ["install", "--no-save", `${name}@${OLDEST_NODE}`], { cwd: project });
    return join(project, "node_modules", name, "bin/node");
  } catch {
    return process.execPath;
  }
}

it(
  "an empty project installs the packages, compiles their READMEs' examples, and runs the quick start and the CLI",
  { timeout: 240_000 },
  async () => {
    const tarballs = [await pack("client"), await pack("consumer")];
    writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const tools = ["kafkajs@2.2.4", "typescript@7.0.2", "@types/node@24.19.2"];
    await run("npm", ["install", ...tarballs, ...tools], { cwd: project });
    const node = await oldestNode();
    const examples = [...examplesOf("client"), ...examplesOf("consumer")];
    examples.forEach((code, index) => writeFileSync(join(project, `example-${index}.ts`), code));
    const options = [
      "--strict",
      "--target",
      "es2022",
      "--module",
      "nodenext",
      "--types",
      "node",
      "--skipLibCheck",
      "false",
    ];
    const files = examples.map((_, index) => `example-${index}.ts`);
    await run("npx", ["tsc", ...options, ...files], { cwd: project });

    const env = { ...process.env, WAYBILL_URL: faults.system.url, WAYBILL_KEY: "faults_key" };
    const quickStart = await run(node, ["example-0.js"], { cwd: project, env });
    expect(quickStart.stdout).toMatch(/^\d{10} open 1\n$/);
    const cli = [join(project, "node_modules/@waybill/client/dist/cli/main.js"), "--json", "orders", "list"];
    const listed = await run(node, cli, { cwd: project, env });
    expect(JSON.parse(listed.stdout)).toMatchObject({ customer_identifier: "quick-start" });
  },
);
