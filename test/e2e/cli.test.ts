import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { apiOf, keyOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";
import { startVerifyingReceiver, type VerifyingReceiver } from "./verifying-receiver.ts";

const api = apiOf("cli");
const [order] = documentExample("001-create-orders");
const folder = mkdtempSync(join(tmpdir(), "waybill-cli-"));
const main = join(import.meta.dirname, "../../packages/client/src/cli/main.ts");
let receiver: VerifyingReceiver;

beforeAll(async () => {
  receiver = await startVerifyingReceiver();
  await api.post("/skus", [{ customer_identifier: "shirts872340" }]);
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the CLI as a process of its own; `stopAfter` ends it as Ctrl-C does once its output has that. */
function waybill(args: string[], stopAfter?: string): Promise<Ended> {
  const { url, kafkaBrokers, topicPrefix } = inject("system");
  const env = {
    ...process.env,
    WAYBILL_URL: url,
    WAYBILL_KEY: keyOf("cli"),
    KAFKA_BROKERS: kafkaBrokers,
    TOPIC_PREFIX: topicPrefix,
    // Most of a short command's time is the reading of its sources.
    NODE_COMPILE_CACHE: join(folder, "compiled"),
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdout!.on("data", (text: string) => {
      if (stopAfter !== undefined && text.includes(stopAfter)) child.kill("SIGINT");
    });
  });
}

describe("orders create", () => {
  const file = join(folder, "orders.ndjson");
  const lines = ["cli-1", "cli-2", "cli-3"].map((customer_identifier) =>
    JSON.stringify({ ...order, customer_identifier }),
  );

  it("creates what can be created, tells what cannot, and goes on where it was stopped", async () => {
    writeFileSync(file, [lines[0], '{"customer_identifier":"cli-bad"}', "no JSON", ""].join("\n"));
    const first = await waybill(["orders", "create", file]);
    expect(first).toMatchObject({ code: 1, stdout: expect.stringContaining("1 of 3 orders are there") });
    expect(first.stderr).toContain("line 3 (?): MALFORMED_JSON");
    writeFileSync(
      file,
      [lines[0], '{"customer_identifier":"cli-bad"}', "no JSON", lines[1], lines[2]].join("\n"),
    );
    expect(await waybill(["orders", "create", file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--resume"),
    });
    const second = await waybill(["--json", "orders", "create", file, "--resume"]);
    expect(second.code).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({ records: 2, succeeded: 2, failed: 0, skipped: 3 });
    const report = readFileSync(`${file}.report.ndjson`, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(report.map(({ line, status, code }) => [line, status, code])).toEqual([
      [1, "success", null],
      [2, "failure", "REQUIRED"],
      [3, "failure", "MALFORMED_JSON"],
      [4, "success", null],
      [5, "success", null],
    ]);
    const { body } = await api.get("/orders?cid=cli-1,cli-2,cli-3");
    expect(body.data).toHaveLength(3);
  });
});

describe("what was created", () => {
  it("is listed, shown with its lines, and followed to its end", async () => {
    const listed = await waybill(["--json", "orders", "list", "--cid", "cli-1", "cli-2"]);
    const summaries = listed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(summaries.map(({ customer_identifier }) => customer_identifier).sort()).toEqual([
      "cli-1",
      "cli-2",
    ]);
    const { id } = summaries.find(({ customer_identifier }) => customer_identifier === "cli-1");
    const shown = await waybill(["orders", "get", id]);
    expect(shown.stdout).toMatch(/customer_identifier +cli-1\n/);
    expect(shown.stdout).toContain("shirts872340");
    const watched = waybill(["orders", "watch", id]);
    await api.post("/order_cancel_requests", [{ customer_identifier: "cli-1" }]);
    const { code, stdout } = await watched;
    expect(code).toBe(0);
    expect(stdout).toMatch(/ 1 {2}waybill\.order\.created\.v1\n.*waybill\.order\.canceled\.v1\n/s);
  });

  it("is on its topic, which tail shows from the beginning", async () => {
    const { body } = await api.get("/orders?cid=cli-2");
    const { id } = body.data[0];
    const args = [
      "--json",
      "events",
      "tail",
      "--from-beginning",
      "--subject",
      id,
      "--prefix",
      inject("system").topicPrefix,
    ];
    const { code, stdout } = await waybill(args, id);
    expect(code).toBe(0);
    expect(JSON.parse(stdout.split("\n")[0]!)).toMatchObject({
      type: "waybill.order.created.v1",
      tenant: "cli",
      sequence: 1,
      data: { id, customer_identifier: "cli-2" },
    });
  });
});

describe("callbacks and doctor", () => {
  it("a receiver is registered, tried and listed; doctor finds nothing wrong with the system", async () => {
    const added = await waybill(["--json", "callbacks", "add", receiver.url("/cli"), "--type", "orderEvent"]);
    const { system_id, secret } = JSON.parse(added.stdout);
    expect(secret).toMatch(/^whsec_/);
    receiver.trust({ path: "/cli", message_type: "orderEvent", secret });
    expect(await waybill(["callbacks", "test", system_id])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ok: 2\d\d, \d+ ms.*\ndelivered\n$/s),
    });
    expect((await waybill(["callbacks", "list"])).stdout).toMatch(/orderEvent +active +healthy/);
    const { code, stdout } = await waybill(["--json", "doctor"]);
    const checks = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(checks.filter(({ state }) => state === "fail")).toEqual([]);
    expect(code).toBe(0);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "service orders",
        "key",
        "callback orderEvent",
        "kafka",
        "reader callbacks",
        "dead letters",
      ]),
    );
  });

  it("doctor says what is wrong, and with what to mend it", async () => {
    const wrong = await waybill([
      "--url",
      "http://127.0.0.1:9",
      "doctor",
      "--brokers",
      inject("system").kafkaBrokers,
    ]);
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/✗ api .*\n.*→ npm start runs the whole system/);
    const stranger = await waybill(["--key", "unknown", "doctor"]);
    expect(stranger.code).toBe(1);
    expect(stranger.stdout).toMatch(/✗ key .*not known to the gateway\n.*→ set WAYBILL_KEY/);
  });
});

describe("every command", () => {
  it("explains itself", async () => {
    const { code, stdout } = await waybill(["orders", "create", "--help"]);
    expect([code, stdout.startsWith("Usage: waybill orders create")]).toEqual([0, true]);
  });

  it("refuses what makes no sense with 2, and says with 3 that nobody answered", async () => {
    expect((await waybill(["orders", "creat"])).code).toBe(2);
    expect((await waybill(["--url", "http://127.0.0.1:9", "orders", "get", "1"])).code).toBe(3);
  });

  it("a key is made for a tenant, with the setting that admits it", async () => {
    const { code, stdout } = await waybill(["--json", "keys", "create", "--tenant", "acme"]);
    const { key, setting } = JSON.parse(stdout);
    expect([code, setting]).toEqual([0, `API_KEYS=${key}=acme`]);
  });
});
