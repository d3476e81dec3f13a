import { expect, test, vi } from "vitest";
import { isAlive, runTool, startChild } from "../src/engine/child.ts";
import { startOwner } from "./harness.ts";

const SHELL = "/bin/sh";
// An orphan stays visible until the init process takes note of its end.
const REAPED_WITHIN_MS = 5000;
// Prints its own pid and that of a child of its own, and stays.
const FAMILY = "sleep 1000 & echo $$ $!; wait";

test("a child and its own children end when their owner is killed with -9", async () => {
  const owner = await startOwner("program", SHELL, "-c", FAMILY);
  const family = owner.said.split(" ").map(Number);
  expect(family.map(isAlive)).toEqual([true, true]);
  process.kill(owner.pid, "SIGKILL");
  await vi.waitFor(() => expect(family.map(isAlive)).toEqual([false, false]), REAPED_WITHIN_MS);
});

test("a child that ignores SIGTERM is killed once its time is over", async () => {
  const args = ["-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"];
  const child = startChild({ command: SHELL, args, env: process.env }, 100);
  await vi.waitFor(() => expect(child.output()).toBe("up\n"));
  await child.stop();
  expect(await child.ended).toBe("was ended by SIGKILL");
});

test("the children of a child end with it", async () => {
  const child = startChild({ command: SHELL, args: ["-c", FAMILY], env: process.env }, 1000);
  await vi.waitFor(() => expect(child.output()).toContain("\n"));
  const family = child.output().split(" ").map(Number);
  await child.kill();
  await vi.waitFor(() => expect(family.map(isAlive)).toEqual([false, false]), REAPED_WITHIN_MS);
});

test("a tool that takes too long is ended with an error that says so", async () => {
  const tool = { command: SHELL, args: ["-c", FAMILY], env: process.env };
  await expect(runTool(tool, 100)).rejects.toThrow("/bin/sh took longer than 0.1 s");
});

test("a tool that fails says its exit code and its last lines", async () => {
  const tool = { command: SHELL, args: ["-c", "echo one; echo two >&2; exit 3"], env: process.env };
  await expect(runTool(tool, 5000)).rejects.toThrow(/ended with exit code 3: .*two/);
});

test("a program that isn't there is an error that names it", async () => {
  const tool = { command: "/nowhere/mongod", args: [], env: process.env };
  await expect(runTool(tool, 5000)).rejects.toThrow("/nowhere/mongod");
});
