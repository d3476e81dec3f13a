import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { inject } from "vitest";
import { keyOf } from "./api.ts";
import { grpcurlFolder } from "./grpcurl.ts";
import { openShell, type Shell } from "./guide-shell.ts";
import { isBeside, keeps, samplesOf, type Sample } from "./guide.ts";

const WITHIN_MS = 15_000;
const AGAIN_MS = 100;
const root = fileURLToPath(new URL("../../", import.meta.url));
// What a reader has set already to the addresses and the key of `npm start`.
const ownSettings = /^export (WAYBILL|KEY|ORDERS_GRPC|TENANT)=.*$/gm;

/** Somebody who follows guides, one after the other, in a shell and a folder of their own. */
export interface GuideReader extends Disposable {
  /**
   * Runs the samples of a guide, named from the root, and holds what they print against what it promises. Answers
   * the first difference: null is none.
   */
  differenceIn: (guide: string) => Promise<string | null>;
}

/** A reader who uses the system under test as this tenant. */
export async function openGuideReader(tenant: string): Promise<GuideReader> {
  const { url, grpc, kafkaBrokers, topicPrefix } = inject("system");
  const folder = mkdtempSync(join(tmpdir(), "waybill-guides-"));
  symlinkSync(join(root, "docs"), join(folder, "docs"));
  const key = keyOf(tenant);
  const shell = openShell(folder, {
    ...process.env,
    PATH: `${await grpcurlFolder(process.env)}:${process.env["PATH"]}`,
    WAYBILL: url,
    KEY: key,
    ORDERS_GRPC: grpc.orders,
    TENANT: tenant,
    KAFKA_BROKERS: kafkaBrokers,
    TOPIC_PREFIX: topicPrefix,
    SANDBOX_API_KEY: key,
    WAYBILL_DATA: join(folder, "data"),
  });
  // Guides are read in the root of the repository.
  await shell.type(`npm() { command npm --silent --prefix "${root}" "$@"; }`);
  // What a guide says of `npm start`, and what is so here.
  const here = [
    ["http://127.0.0.1:8080", url],
    ["127.0.0.1:50051", grpc.orders],
    ["waybill-tenant-id: sandbox", `waybill-tenant-id: ${tenant}`],
    ["sandbox_…", key],
    ["npm run receiver\n", `npm run receiver -- --api ${url} --port ${await freePort()}\n`],
    ["9300", String(await freePort())],
  ] as const;
  const asHere = (text: string) =>
    here.reduce((changed, [there, own]) => changed.replaceAll(there, own), text.replaceAll(ownSettings, ""));
  return {
    async differenceIn(guide) {
      const samples = samplesOf(readFileSync(join(root, guide), "utf8"));
      if (samples.length === 0) return "it has no samples";
      for (const sample of samples) {
        const difference = await follow(shell, { ...sample, text: asHere(sample.text) });
        if (difference !== null) return difference;
      }
      return null;
    },
    [Symbol.dispose]() {
      shell[Symbol.dispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Types a sample and compares what it prints; what only reads may need a moment to show it. */
async function follow(shell: Shell, sample: Sample): Promise<string | null> {
  const deadline = performance.now() + WITHIN_MS;
  const { promise, line } = sample;
  const again = toRepeat(sample);
  let { output, status } = await shell.type(toType(sample));
  while (promise && !keeps(promise, output) && again && performance.now() < deadline) {
    await delay(AGAIN_MS);
    ({ output, status } = await shell.type(again));
  }
  if (status !== 0) return `line ${line} fails with ${status}: ${output}`;
  if (!promise || keeps(promise, output)) return null;
  return `line ${promise.line} promises other than:\n${output}`;
}

function toType({ language, text, line }: Sample): string {
  if (language === "js") return script(text);
  if (!isBeside(language)) return text;
  return `{ ${text}} > terminal-${line}.log 2>&1 &\nln -sf terminal-${line}.log terminal.log`;
}

/** What may be typed again: a look at the other terminal, or a sample's last command, if it sends nothing. */
function toRepeat({ language, text, promise }: Sample): string | null {
  if (promise && isBeside(promise.language)) return "cat terminal.log";
  const last = text.trim().split("\n").at(-1)!;
  return language === "sh" && !/ -d | -X /.test(last) && !last.startsWith("call ") ? last : null;
}

/** A script lies where its packages are found. */
function script(text: string): string {
  const file = join(import.meta.dirname, `guide-sample-${process.pid}.mjs`);
  writeFileSync(file, text);
  return `"${process.execPath}" "${file}"; status=$?; rm "${file}"; (exit $status)`;
}
