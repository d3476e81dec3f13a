// npm run reset: forgets everything that npm start has stored.
import { rmSync } from "node:fs";
import { assertUnused, dataDirOf } from "./data-dir.ts";

const dataDir = dataDirOf(process.env);
try {
  assertUnused(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
  process.stdout.write(`${dataDir} is empty\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
