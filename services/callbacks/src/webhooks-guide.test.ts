import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onPath } from "@waybill/dev-env/engine/on-path.ts";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { signingKey, webhookSignature } from "./signature.ts";

const folder = fileURLToPath(new URL("../../../docs/webhooks/", import.meta.url));
const read = (name: string) => readFileSync(folder + name, "utf8");

interface Vector {
  name: string;
  valid: boolean;
  secret: string;
  headers: Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>;
  body: string;
  /** Unix seconds. */
  now: number;
}
const { vectors } = JSON.parse(read("vectors.json")) as { vectors: Vector[] };
const named = vectors.map(
  (vector) => [vector.valid ? "is valid" : "is refused", vector.name, vector] as const,
);

describe("a test vector of the guide", () => {
  afterEach(() => void vi.useRealTimers());

  it.each(named)("%s by the official library: %s", (_, _name, { valid, secret, headers, body, now }) => {
    vi.useFakeTimers({ now: now * 1_000 });
    const verify = () => new Webhook(secret).verify(body, headers);
    if (valid) verify();
    else expect(verify).toThrow(WebhookVerificationError);
  });

  it("has signatures as deliveries have them", () => {
    for (const { valid, secret, headers, body } of vectors.filter((vector) => vector.valid)) {
      const { "webhook-id": id, "webhook-timestamp": timestamp } = headers;
      const signature = webhookSignature(signingKey(secret), id, Number(timestamp), body);
      expect([valid, headers["webhook-signature"].split(" ")]).toEqual([
        true,
        expect.arrayContaining([signature]),
      ]);
    }
  });
});

const samples: readonly (readonly [language: string, command: string, ...args: string[]])[] = [
  ["JavaScript", "node", "verify.mjs"],
  ["Python", "python3", "verify.py"],
  ["Java", "java", "Verify.java"],
  ["Go", "go", "run", "verify.go"],
  ["PHP", "php", "verify.php"],
];
const isHere = ([, command]: (typeof samples)[number]) => onPath(command, process.env) !== undefined;
const here = samples.filter(isHere);
const missing = samples.filter((sample) => !isHere(sample));
const notHere = missing.map(([language, command]) => `${language}, for ${command} is not on this machine`);

describe(`the guide's samples (not checked: ${notHere.join("; ") || "none"})`, () => {
  it.each(here)("in %s take every good vector and no bad one", async (_language, command, ...args) => {
    const lines = vectors.map(({ secret, headers, body, now }) =>
      [secret, ...Object.values(headers), Buffer.from(body).toString("base64"), now].join("\t"),
    );
    const child = spawn(command, args, { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "exit");
    child.stdin.end(`${lines.join("\n")}\n`);
    const answers = (await text(child.stdout)).trim().split(/\r?\n/);
    expect(answers.map((answer, index) => [vectors[index]?.name, answer])).toEqual(
      vectors.map(({ name, valid }) => [name, valid ? "valid" : "refused"]),
    );
    expect(await ended).toEqual([0, null]);
  });
});

const blocks = [...read("../webhooks.md").matchAll(/```\w+ (\S+\.\w+)\n([^]*?)\n```/g)];

it.each(blocks.map(([, file, code]) => [file!, code!]))(
  "what the guide shows of %s stands there",
  (file, code) => {
    const flat = (source: string) => source.replaceAll(/^\s+|\n/gm, "");
    const path = file.endsWith(".json") ? `examples/${file}` : file;
    // Without `import`s: the guide leaves out what only the program around it needs.
    const shown = code
      .split(/\n\n/)
      .map(flat)
      .filter((part) => !part.startsWith("import "));
    for (const part of shown) expect(flat(read(path))).toContain(part);
  },
);

it("the guide shows every sample and every example", () => {
  const shown = new Set(blocks.map(([, file]) => file));
  const samplesShown = samples.map((sample) => sample.at(-1));
  const examples = ["orderEvent", "orderUpdateResolution", "orderCancelResolution", "test"];
  expect(shown).toEqual(
    new Set([...samplesShown, "receiver.mjs", ...examples.map((type) => `${type}.json`)]),
  );
});
