import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it, test } from "vitest";
import { z } from "zod";
import { count, port, readSettings, text } from "./settings.ts";

const folder = fileURLToPath(new URL("../../../services/", import.meta.url));
const services = readdirSync(folder).filter((name) => existsSync(`${folder}${name}/src/config.ts`));

async function settingsOf(service: string): Promise<Record<string, z.ZodType>> {
  const config = (await import(pathToFileURL(`${folder}${service}/src/config.ts`).href)) as {
    settings: z.ZodObject;
  };
  return config.settings.shape as Record<string, z.ZodType>;
}

/** The cells of every table row of a README whose first cell is a word in backticks, by that word. */
function tableOf(service: string): Map<string, string[]> {
  const file = `${folder}${service}/README.md`;
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const rows = lines.map((line) => line.split("|").map((cell) => cell.trim()));
  return new Map(
    rows.flatMap(([, name, ...cells]) => (/^`\w+`$/.test(name ?? "") ? [[name!.slice(1, -1), cells]] : [])),
  );
}

/** What the table's second cell says: the default in backticks; a word without them if there is none, or none but "". */
function saysDefault(cell: string | undefined, setting: z.ZodType): boolean {
  const { success, data } = setting.safeParse(undefined);
  if (!success || data === "") return cell !== undefined && !/^`[^"`]+`$/.test(cell);
  return cell === `\`${String(data)}\``;
}

test("every service has settings", () => {
  expect(services).toEqual(
    expect.arrayContaining(["callbacks", "gateway", "groupings", "line-items", "orders"]),
  );
});

describe.each(services)("the README of %s", (service) => {
  it("names every setting with its default", async () => {
    const table = tableOf(service);
    const missing = Object.entries(await settingsOf(service)).filter(
      ([name, setting]) => !saysDefault(table.get(name)?.[0], setting),
    );
    expect(missing.map(([name]) => name)).toEqual([]);
  });

  it("names no setting that there is not", async () => {
    const known = Object.keys(await settingsOf(service));
    expect(
      [...tableOf(service).keys()].filter((name) => /^[A-Z_]+$/.test(name) && !known.includes(name)),
    ).toEqual([]);
  });
});

test.each(services)("every setting of %s is described", async (service) => {
  const settings = Object.entries(await settingsOf(service));
  expect(settings.filter(([name, { description }]) => !/^[A-Z_]+$/.test(name) || !description)).toEqual([]);
});

const schema = z.object({
  PORT: port(8080, "the port"),
  NAME: text("waybill", "the name"),
  LIMIT: count(5, 1, 10, "the limit"),
  KEY: z.string().describe("secret"),
});

test("what is not set has its default, what is set is read", () => {
  expect(readSettings(schema, { KEY: "k" })).toEqual({ PORT: 8080, NAME: "waybill", LIMIT: 5, KEY: "k" });
  const given = { PORT: "0", NAME: "x", LIMIT: "10", KEY: "k", OTHER: "ignored" };
  expect(readSettings(schema, given)).toEqual({ PORT: 0, NAME: "x", LIMIT: 10, KEY: "k" });
});

test("one error names every setting that is wrong, and shows no value", () => {
  const read = () => readSettings(schema, { PORT: "secret-1", NAME: "", LIMIT: "secret-2" });
  for (const name of ["PORT", "NAME", "LIMIT", "KEY"]) expect(read).toThrow(`${name}:`);
  expect(read).not.toThrow("secret-");
});

describe("a number outside of its bounds does not start", () => {
  it.each([
    ["PORT", "-1"],
    ["PORT", "65536"],
    ["PORT", "80.5"],
    ["PORT", "http"],
    ["PORT", ""],
    ["LIMIT", "0"],
    ["LIMIT", "11"],
    ["LIMIT", " "],
  ])("%s=%j", (name, value) =>
    expect(() => readSettings(schema, { KEY: "k", [name]: value })).toThrow(`${name}:`),
  );
});
