// Generates src/gen from the protos: the types of everything that REST and the topics carry, a method for
// every endpoint, and a class for every code of the catalogue. Called by packages/proto/codegen.ts.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiSource } from "./codegen/api.ts";
import { errorsSource } from "./codegen/errors.ts";
import { typesSource } from "./codegen/types.ts";

const output = join(import.meta.dirname, "src/gen");
const header = "// Made from the protos by packages/client/codegen.ts.\n\n";

mkdirSync(output, { recursive: true });
for (const [name, source] of Object.entries({
  "types.ts": typesSource(),
  "api.ts": apiSource(),
  "errors.ts": errorsSource(),
})) {
  // Two runs at once write the same; whoever reads meanwhile sees the old file or the new one.
  const draft = join(output, `${name}.${process.pid}`);
  writeFileSync(draft, header + source);
  renameSync(draft, join(output, name));
}
