import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const services = fileURLToPath(new URL("../../", import.meta.url));
const protos = fileURLToPath(new URL("../../../proto/waybill/line_items/v1/", import.meta.url));
const sources = globSync("*/src/**/*.ts", { cwd: services }).filter((file) => !file.endsWith(".test.ts"));

/** The code of a source: without comments and texts, in which operators mean nothing. */
function codeOf(file: string): string {
  return readFileSync(services + file, "utf8")
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")
    .replaceAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, '""');
}

test("no number of line-items' contract is a floating-point one, and prices are decimals in strings", () => {
  const contract = globSync("*.proto", { cwd: protos })
    .map((file) => readFileSync(protos + file, "utf8"))
    .join("");
  expect(contract.match(/\b(double|float) \w+ = /g)).toBe(null);
  const prices = [...contract.matchAll(/(\w+) (\w*_price|taxes|tax_rate) = \d/g)];
  expect(prices.length).toBeGreaterThan(10);
  expect(prices.filter(([, type]) => type !== "string").map(([text]) => text)).toEqual([]);
});

test("prices are computed in price.ts alone, by Big and no operator", () => {
  const withBig = sources.filter((file) => readFileSync(services + file, "utf8").includes('"big.js"'));
  expect(withBig).toEqual(["line-items/src/price.ts"]);
  const code = codeOf("line-items/src/price.ts");
  expect(code.match(/[\w)\]]\s*(\*\*?|\/|%|\+|-)\s*[\w([]/g)).toBe(null);
  expect(code.match(/toNumber|parseFloat|parseInt|Number\b|Math\./g)).toBe(null);
});

test("nothing turns a price into a number", () => {
  const price = String.raw`\w*(price|taxes|tax_rate|taxRate|Price)\b`;
  const conversion = new RegExp(
    String.raw`(Number|parseFloat|parseInt|Math\.\w+)\([^()]*${price}|${price}[!)]*\s*(\*|/|%|-)\s*\w|[\w)]\s*(\*|/|%)\s*[\w.!(]*${price}|toNumber\(`,
  );
  const found = sources
    .filter((file) => file.startsWith("line-items/"))
    .filter((file) => conversion.test(codeOf(file)));
  expect(sources.length).toBeGreaterThan(50);
  expect(found).toEqual([]);
  for (const wrong of ["Number(line.catalog_price)", "sku.catalog_price! * quantity", "2 * unitPrice"]) {
    expect(conversion.test(wrong)).toBe(true);
  }
});
