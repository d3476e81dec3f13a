// npm run docs: writes the documents that are made from the protos into docs/; with --check it only looks
// whether they are as they should be.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openApiDocument } from "./openapi.ts";

const folder = fileURLToPath(new URL("../../../docs/", import.meta.url));
const documents: readonly [file: string, content: string][] = [["openapi.json", toText(openApiDocument())]];

const stale = documents.filter(([file, content]) => readOrEmpty(folder + file) !== content);
if (process.argv.includes("--check")) {
  for (const [file] of stale) process.stderr.write(`docs/${file} is stale: npm run docs\n`);
  process.exit(stale.length > 0 ? 1 : 0);
}
for (const [file, content] of stale) writeFileSync(folder + file, content);

function toText(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
