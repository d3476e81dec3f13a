import { once } from "node:events";
import { readFileSync, rmSync, mkdirSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from "vitest";
import { apiOf, keyOf } from "./api.ts";

// Beside this file, where packages are found; not in the temporary folder.
const folder = join(import.meta.dirname, `.readme-examples-${process.pid}`);
const root = join(import.meta.dirname, "../..");

beforeAll(() => {
  mkdirSync(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The TypeScript examples of a package's README, by the heading above each. */
function examplesOf(name: string): Map<string, string> {
  const readme = readFileSync(join(root, "packages", name, "README.md"), "utf8");
  const sections = readme.split(/^## /m).slice(1);
  return new Map(
    sections.flatMap((section) => {
      const code = /^```ts\n(.*?)^```/ms.exec(section)?.[1];
      return code === undefined ? [] : [[section.split("\n")[0]!, code] as const];
    }),
  );
}

/** Runs an example as it stands, as a program of its own; it ends by itself, or with the test. */
function start(code: string, env: NodeJS.ProcessEnv = {}) {
  const file = join(folder, `${crypto.randomUUID()}.ts`);
  writeFileSync(file, code);
  const { url, kafkaBrokers, topicPrefix } = inject("system");
  const child = spawn(process.execPath, [file], {
    env: {
      ...process.env,
      WAYBILL_URL: url,
      WAYBILL_KEY: keyOf("package-readmes"),
      KAFKA_BROKERS: kafkaBrokers,
      TOPIC_PREFIX: topicPrefix,
      ...env,
    },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { ended: once(child, "close").then(([exit]) => ({ exit, stdout, stderr })), stdout: () => stdout };
}

const examples = examplesOf("client");
const api = apiOf("package-readmes");

it("the client's README has an example of each of these", () => {
  expect([...examples.keys()]).toEqual([
    "Quick start",
    "Pages",
    "Errors",
    "Retries, and what is done once",
    "Webhooks",
  ]);
});

it("its quick start, pages, errors and retries do what they say", async () => {
  const run = (title: string) => start(examples.get(title)!).ended;
  expect(await run("Quick start")).toMatchObject({
    exit: 0,
    stdout: expect.stringMatching(/^\d{10} open 1\n$/),
  });
  const [pages, errors, retries] = await Promise.all([
    run("Pages"),
    run("Errors"),
    run("Retries, and what is done once"),
  ]);
  expect(pages).toMatchObject({ exit: 0, stdout: "1 null\nquick-start open\n" });
  expect(errors).toMatchObject({
    exit: 0,
    stdout: expect.stringMatching(/^404 Check the id.*\nlimit must be .*\ntrue /s),
  });
  expect(retries).toMatchObject({ exit: 0, stdout: expect.stringContaining("\ntrue\n") });
});

it("its receiver of webhooks takes what is signed with its secret, and refuses the rest", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const { body } = await api.post("/callbacks", [{ url, message_type: "orderEvent" }]);
  const { stdout } = start(examples.get("Webhooks")!, {
    PORT: String(port),
    WEBHOOK_SECRETS: body.results[0].secret,
  });
  const stranger = () =>
    fetch(url, { method: "POST", body: "{}" }).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(stranger).toBe(400);
  await api.post("/data_factory/advanceOrder", [{ order_customer_id: "quick-start", status: "inProcess" }]);
  await expect.poll(stdout).toBe("quick-start atWarehouse\nquick-start inProcess\n");
});

it("the consumer's example joins its group and reads the topic", async () => {
  const [code] = examplesOf("consumer").values();
  const { stdout } = start(code!);
  await expect.poll(stdout, { timeout: 20_000 }).toContain("joined");
});
