import { readFileSync } from "node:fs";
import type { Values } from "./resources.ts";

/** How often a value is one that is given, not one that is made up. */
const GIVEN = 0.9;
const common = new URL("schemathesis.toml", import.meta.url);

/** The settings of a run (TOML): schemathesis.toml, and the values of parameters. */
export function settingsWith(values: Values): string {
  const operations = Object.entries(values).map(([operation, parameters]) => {
    const named = Object.entries(parameters).map(([name, given]) => ({
      name,
      dictionary: `${operation} ${name}`,
      given,
    }));
    return [
      ...named.flatMap(({ dictionary, given }) => [
        `[dictionaries.${JSON.stringify(dictionary)}]`,
        `values = ${JSON.stringify(given)}`,
      ]),
      "[[operations]]",
      `include-name = ${JSON.stringify(operation)}`,
      "[operations.parameters]",
      ...named.map(
        ({ name, dictionary }) =>
          `${JSON.stringify(name)} = { dictionary = ${JSON.stringify(dictionary)}, probability = ${GIVEN} }`,
      ),
    ];
  });
  return [readFileSync(common, "utf8"), ...operations.flat(), ""].join("\n");
}
