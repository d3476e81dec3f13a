// npm run released: notes the protos and the REST API as they are now as the released contract, which
// `npm run lint` keeps later ones compatible with.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const buf = join(root, "packages/proto/node_modules/.bin/buf");
const { status } = spawnSync(buf, ["build", "proto", "-o", "proto/released.binpb", "--exclude-source-info"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);
const docs = join(root, "packages/api-docs/src/write.ts");
process.exit(spawnSync(process.execPath, [docs, "--released"], { stdio: "inherit" }).status ?? 1);
