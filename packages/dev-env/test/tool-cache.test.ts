import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runTool } from "../src/engine/child.ts";
import { cachedTool, toolFolder } from "../src/engine/tool-cache.ts";
import { temporaryFolder } from "./harness.ts";

test("two that fill the same folder at once both get the one that was there first", async () => {
  const env = { WAYBILL_CACHE: await temporaryFolder() };
  const both = Promise.withResolvers<void>();
  let begun = 0;
  const fill = (text: string) => async (folder: string) => {
    if (++begun === 2) both.resolve();
    await both.promise;
    await writeFile(join(folder, "file"), text);
  };
  const folders = await Promise.all([toolFolder(env, "tool", fill("a")), toolFolder(env, "tool", fill("b"))]);
  expect(new Set(folders).size).toBe(1);
  expect(await readFile(join(folders[0], "file"), "utf8")).toMatch(/^[ab]$/);
  expect(await readdir(env.WAYBILL_CACHE)).toEqual(["tool"]);
});

test("a download that fails leaves nothing behind and is tried anew", async () => {
  const env = { WAYBILL_CACHE: await temporaryFolder() };
  const failing = toolFolder(env, "tool", () => Promise.reject(new Error("no network")));
  await expect(failing).rejects.toThrow("no network");
  expect(await readdir(env.WAYBILL_CACHE)).toEqual([]);
  expect(cachedTool(env, "tool")).toBeUndefined();
  await toolFolder(env, "tool", (folder) => writeFile(join(folder, "file"), "a"));
  expect(cachedTool(env, "tool")).toBe(join(env.WAYBILL_CACHE, "tool"));
});

test("what a killed process left unfinished is removed by the next one", async () => {
  const env = { WAYBILL_CACHE: await temporaryFolder() };
  const pid = (await runTool({ command: "/bin/sh", args: ["-c", "echo $$"], env: process.env }, 5000)).trim();
  await mkdir(join(env.WAYBILL_CACHE, `tool.${pid}.0a1b.partial`));
  await toolFolder(env, "tool", (folder) => writeFile(join(folder, "file"), "a"));
  expect(await readdir(env.WAYBILL_CACHE)).toEqual(["tool"]);
});
