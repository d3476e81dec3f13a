import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { keyOf } from "./api.ts";
import { grpcurlFolder } from "./grpcurl.ts";
import { openShell, type Shell } from "./guide-shell.ts";
import { keeps, samplesOf, type Sample } from "./guide.ts";

const TENANT = "guides";
const WITHIN_MS = 15_000;
const AGAIN_MS = 100;
const docs = fileURLToPath(new URL("../../docs/", import.meta.url));
// Of a reader's own: what the samples set to the addresses of `npm start`.
const ownSettings = /^export (WAYBILL|KEY|ORDERS_GRPC|TENANT)=.*$/gm;

const folder = mkdtempSync(join(tmpdir(), "waybill-guides-"));
let shell: Shell;

beforeAll(async () => {
  const { url, grpc, kafkaBrokers, topicPrefix } = inject("system");
  shell = openShell(folder, {
    ...process.env,
    PATH: `${await grpcurlFolder(process.env)}:${process.env["PATH"]}`,
    WAYBILL: url,
    KEY: keyOf(TENANT),
    ORDERS_GRPC: grpc.orders,
    TENANT,
    KAFKA_BROKERS: kafkaBrokers,
    TOPIC_PREFIX: topicPrefix,
  });
}, 150_000);

afterAll(() => {
  shell[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

// In the order in which they are read: the quick start makes what the others use.
test.each([
  "quick-start",
  "batches",
  "updates-and-cancels",
  "groupings",
  "stock",
  "limits",
  "topics",
  "grpc",
])(
  "what docs/%s.md shows is what happens",
  async (guide) => {
    const samples = samplesOf(readFileSync(`${docs}${guide}.md`, "utf8"));
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) await follow(sample);
  },
  60_000,
);

/** Types a sample and compares what it prints; what only reads may need a moment to show it. */
async function follow(sample: Sample): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  const { text, language, promise, line } = sample;
  const typed = language === "js" ? script(text) : text.replaceAll(ownSettings, "");
  // The part that may be repeated: a sample's last command, if it sends nothing.
  const last = text.trim().split("\n").at(-1)!;
  const again = language === "sh" && !/ -d | -X /.test(last) && !last.startsWith("call ") ? last : null;
  let { output, status } = await shell.type(typed);
  while (promise && !keeps(promise, output) && again && performance.now() < deadline) {
    await delay(AGAIN_MS);
    ({ output, status } = await shell.type(again));
  }
  expect(status, `line ${line}: ${output}`).toBe(0);
  if (promise)
    expect(keeps(promise, output), `line ${promise.line} promises other than:\n${output}`).toBe(true);
}

/** A script lies where its packages are found. */
function script(text: string): string {
  const file = join(import.meta.dirname, `guide-sample-${process.pid}.mjs`);
  writeFileSync(file, text);
  return `"${process.execPath}" "${file}"; status=$?; rm "${file}"; (exit $status)`;
}
