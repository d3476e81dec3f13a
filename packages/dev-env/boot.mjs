// Runs a script of this workspace from a fresh clone: installs what the lockfile names, generates the
// code of the protos if they changed, and hands over to the pinned Node. Plain JavaScript, because the
// Node that starts it (20 or later) may be too old to run the TypeScript of the rest.
//
//   node packages/dev-env/boot.mjs <script> [arguments…]
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PNPM = "pnpm@12.21.0";
const NODE_MAJOR = 24;
const root = fileURLToPath(new URL("../../", import.meta.url));

const [script, ...args] = process.argv.slice(2);
if (!script) fail("usage: node packages/dev-env/boot.mjs <script> [arguments…]");

install();
const node = pinnedNode();
if (script !== "packages/proto/codegen.ts") run(node, ["packages/proto/codegen.ts", "--if-stale"]);
handOver(node, [script, ...args]);

function install() {
  // The installer's progress goes to stderr, so that a script's own stdout stays clean.
  run("npx", ["--yes", PNPM, "install", "--frozen-lockfile", "--reporter=append-only", "--loglevel=warn"]);
}

function pinnedNode() {
  const pinned = `${root}node_modules/.bin/node`;
  if (existsSync(pinned)) return pinned;
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= NODE_MAJOR) return process.execPath;
  return fail(
    `Waybill runs on Node ${NODE_MAJOR}. The registry has none for ${process.platform}-${process.arch}; ` +
      `install Node ${NODE_MAJOR} and call this again with it (this is ${process.version}).`,
  );
}

function run(command, commandArgs) {
  const { status, error } = spawnSync(command, commandArgs, { cwd: root, stdio: ["ignore", 2, 2] });
  if (error) fail(`${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

function handOver(command, commandArgs) {
  const child = spawn(command, commandArgs, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${root}node_modules/.bin:${process.env.PATH}` },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
