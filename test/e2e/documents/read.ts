import { readFileSync } from "node:fs";

/** An example of a reference document, as it stands there. */
export function documentExample(name: "001-create-orders"): any {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8"));
}
