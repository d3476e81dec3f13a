// Whether the documents in docs/ are valid: OpenAPI by Redocly's linter, AsyncAPI by its own parser.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Parser } from "@asyncapi/parser";
import { createConfig, lint } from "@redocly/openapi-core";

const folder = fileURLToPath(new URL("../../../docs/", import.meta.url));
// Of the parser's findings those are errors; the others recommend later versions and servers of everybody's own.
const ERROR = 0;

const findings = [...(await openApiFindings()), ...(await asyncApiFindings())];
for (const finding of findings) process.stderr.write(`${finding}\n`);
process.exit(findings.length > 0 ? 1 : 0);

async function openApiFindings(): Promise<string[]> {
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lint({ ref: `${folder}openapi.json`, config });
  return problems.map(
    ({ ruleId, message, location }) => `openapi.json ${location[0]?.pointer}: ${message} (${ruleId})`,
  );
}

async function asyncApiFindings(): Promise<string[]> {
  const { diagnostics } = await new Parser().parse(readFileSync(`${folder}asyncapi.json`, "utf8"));
  return diagnostics
    .filter(({ severity }) => severity === ERROR)
    .map(({ path, message }) => `asyncapi.json ${path.join("/")}: ${message}`);
}
