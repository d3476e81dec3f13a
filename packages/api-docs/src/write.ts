// npm run docs: writes the documents that are made from the protos into docs/. With --check it only looks
// whether they are as they should be, and break nothing of the released REST API; with --released it notes the
// REST API as the released one.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { JsonSchema } from "@waybill/contract/schema.ts";
import { asyncApiDocument } from "./asyncapi.ts";
import { errorsGuide } from "./errors-guide.ts";
import { eventsGuide } from "./events-guide.ts";
import { breaks } from "./breaking.ts";
import { openApiDocument } from "./openapi.ts";

const RELEASED = "openapi.released.json";
const folder = fileURLToPath(new URL("../../../docs/", import.meta.url));
const openApi = openApiDocument();
const documents: readonly [file: string, content: string][] = [
  ["openapi.json", toText(openApi)],
  ["asyncapi.json", toText(asyncApiDocument())],
  ["events.md", eventsGuide()],
  ["errors.md", errorsGuide()],
];

const stale = documents.filter(([file, content]) => readOrEmpty(folder + file) !== content);
if (process.argv.includes("--check")) {
  const wrong = stale.map(([file]) => `docs/${file} is stale: npm run docs`).concat(broken());
  for (const line of wrong) process.stderr.write(`${line}\n`);
  process.exit(wrong.length > 0 ? 1 : 0);
}
for (const [file, content] of stale) writeFileSync(folder + file, content);
if (process.argv.includes("--released"))
  writeFileSync(folder + RELEASED, JSON.stringify(openApi, withoutText));

/** What of the released REST API is broken. */
function broken(): string[] {
  const released = JSON.parse(readFileSync(folder + RELEASED, "utf8")) as JsonSchema;
  return breaks(released, openApi).map((line) => `breaks the released API: ${line}`);
}

/** A document without what no client depends on. */
function withoutText(key: string, value: unknown): unknown {
  const isText = (key === "description" || key === "summary") && typeof value === "string";
  return isText || key === "examples" ? undefined : value;
}

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
