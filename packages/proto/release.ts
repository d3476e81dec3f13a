// npm run released: notes the protos as they are now as the released contract, which `npm run lint` keeps
// later protos compatible with.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const buf = join(root, "packages/proto/node_modules/.bin/buf");
const { status } = spawnSync(buf, ["build", "proto", "-o", "proto/released.binpb", "--exclude-source-info"], {
  cwd: root,
  stdio: "inherit",
});
process.exit(status ?? 1);
