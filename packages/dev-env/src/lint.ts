// npm run lint: every check of the sources that is not a test.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const checks: readonly [name: string, command: string, ...args: string[]][] = [
  ["types", "node_modules/.bin/tsc", "--noEmit", "-p", "."],
  ["lint", "node_modules/.bin/oxlint", "--deny-warnings"],
  ["format", "node_modules/.bin/prettier", "--check", "--log-level", "warn", "."],
  ["proto lint", "packages/proto/node_modules/.bin/buf", "lint", "proto"],
  ["proto format", "packages/proto/node_modules/.bin/buf", "format", "--diff", "--exit-code", "proto"],
  [
    "proto breaking",
    "packages/proto/node_modules/.bin/buf",
    "breaking",
    "proto",
    "--against",
    "proto/released.binpb",
  ],
  ["docs are fresh", "node_modules/.bin/node", "packages/api-docs/src/write.ts", "--check"],
  ["docs are valid", "node_modules/.bin/node", "packages/api-docs/src/validate.ts"],
];

const failed = checks.filter(([name, command, ...args]) => {
  const { status } = spawnSync(join(root, command), args, { cwd: root, stdio: "inherit" });
  process.stdout.write(`${status === 0 ? "ok    " : "FAILED"}  ${name}\n`);
  return status !== 0;
});
process.exit(failed.length > 0 ? 1 : 0);
