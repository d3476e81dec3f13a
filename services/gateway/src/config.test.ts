import { readFileSync } from "node:fs";
import { readSettings } from "@waybill/process/settings.ts";
import { expect, test } from "vitest";
import { keyHash } from "./auth.ts";
import { settings, toConfig } from "./config.ts";

test("keys are kept as hashes only, and may hold =", () => {
  const config = toConfig(readSettings(settings, { API_KEYS: "a2V5==acme, other=beta-1" }));
  expect(config.tenants).toEqual(
    new Map([
      [keyHash("a2V5="), "acme"],
      [keyHash("other"), "beta-1"],
    ]),
  );
  expect(JSON.stringify([...config.tenants])).not.toContain("a2V5");
});

test.each([undefined, "", "key", "=acme", "key=", "key=ac me", "key=acme,"])(
  "API_KEYS=%s does not start, and no key is shown",
  (keys) => {
    const read = () => readSettings(settings, { API_KEYS: keys });
    expect(read).toThrow("API_KEYS");
    expect(read).not.toThrow(/key=|ac me|=acme/);
  },
);

test("the README names every setting with its default", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8").replaceAll(/ +/g, " ");
  const defaults: Record<string, unknown> = settings.parse({ API_KEYS: "key=acme" });
  for (const [name, { description }] of Object.entries(settings.shape)) {
    const value = name === "API_KEYS" ? "none" : `\`${String(defaults[name])}\``;
    expect(readme).toContain(`| \`${name}\` | ${value} | ${description} |`);
  }
});
