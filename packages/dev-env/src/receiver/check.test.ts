import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Webhook } from "standardwebhooks";
import { expect, it, onTestFinished } from "vitest";
import { checkReceiver, type CheckResult } from "./check.ts";
import { startReceiver } from "./server.ts";

const secret = `whsec_${Buffer.from("a secret of thirty-two bytes ...").toString("base64")}`;

/** A receiver on this machine; answers its url. */
async function served(
  answer: (headers: IncomingHttpHeaders, body: Buffer, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => answer(request.headers, body, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const isGenuine = (headers: IncomingHttpHeaders, body: string) => {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
};

/** The titles of what fails, and what is told of the first. */
async function failuresOf(url: string, answerMsMax?: number) {
  const results: CheckResult[] = [];
  const receiver = { url, secret, token: null, ...(answerMsMax === undefined ? {} : { answerMsMax }) };
  for await (const result of checkReceiver(receiver)) results.push(result);
  const failed = results.filter(({ passed }) => !passed);
  return { titles: failed.map(({ title }) => title.slice(0, 45)), detail: failed[0]?.detail ?? null };
}

it("the receiver of npm run receiver passes every check, and handles each message once", async () => {
  const handled: string[] = [];
  const server = await startReceiver({
    port: 0,
    secrets: () => [secret],
    handle: ({ message_id }) => void handled.push(message_id),
    refuse: () => undefined,
  });
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  expect(await failuresOf(url)).toEqual({ titles: [], detail: null });
  expect(handled).toHaveLength(new Set(handled).size);
  expect(handled.length).toBeGreaterThan(10);
});

it("one that takes everything fails every check of forged and stale messages", async () => {
  const { titles, detail } = await failuresOf(await served((_, _body, response) => response.end()));
  expect(titles).toHaveLength(6);
  expect(new Set(titles.map((title) => title.split(" ")[0]))).toEqual(new Set(["refuses"]));
  expect(detail).toContain("400 or 401");
});

it("one that reads the JSON and writes it anew fails where the bytes differ", async () => {
  const url = await served((headers, body, response) => {
    const rewritten = JSON.stringify(JSON.parse(body.toString()));
    response.writeHead(isGenuine(headers, rewritten) ? 200 : 401).end();
  });
  expect((await failuresOf(url)).titles).toEqual(["verifies the bytes, not the JSON: takes a gen"]);
});

it("one that refuses repeats, or forged messages with 410, is told so", async () => {
  const seen = new Set<unknown>();
  const url = await served((headers, body, response) => {
    const isNew = seen.size < seen.add(headers["webhook-id"]).size;
    const status = isNew ? 204 : 409;
    response.writeHead(isGenuine(headers, body.toString()) ? status : 410).end();
  });
  const { titles, detail } = await failuresOf(url);
  expect(titles).toHaveLength(7);
  expect(titles[0]).toContain("takes the same message again");
  expect(detail).toContain("409");
});

it("one that redirects is told to register the url that answers", async () => {
  const url = await served((_, _body, response) => response.writeHead(301, { location: "/other" }).end());
  expect((await failuresOf(url)).detail).toContain("redirects are never followed");
});

it("one that is too slow, and one that is not there, fail without holding up the check", async () => {
  const slow = await served(() => undefined);
  const { titles, detail } = await failuresOf(slow, 20);
  expect(titles.at(-1)).toBe("answers within 0.02 seconds");
  expect(detail).toContain("no answer within 0.02 seconds");
  expect((await failuresOf("http://127.0.0.1:9/")).titles.length).toBeGreaterThan(12);
});

const program = fileURLToPath(new URL("../receiver.ts", import.meta.url));
async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [program, ...args], { env: { PATH: process.env["PATH"], ...env } });
  const ended = once(child, "exit");
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { out: out + err, code: (await ended)[0] as number };
}

it("from the command line it prints a line for each check, ends with 0 or 1, and never shows the secret", async () => {
  const good = await served((headers, body, response) =>
    response.writeHead(isGenuine(headers, body.toString()) ? 200 : 400).end(),
  );
  const bad = await served((_, _body, response) => response.end());
  const [passed, failed, unclear, help] = await Promise.all([
    run(["check", good], { WEBHOOK_SECRET: secret }),
    run(["check", bad, "--secret", secret]),
    run(["check", good, "--secret", secret.slice(6)]),
    run(["--help"]),
  ]);
  expect([passed.code, failed.code, unclear.code, help.code]).toEqual([0, 1, 1, 0]);
  expect(passed.out.trim().split("\n")).toHaveLength(15);
  expect(passed.out).toContain("all passed");
  expect(failed.out).toMatch(/FAILED {2}refuses a message signed with another secret/);
  expect(help.out).toContain("WEBHOOK_SECRET");
  for (const { out } of [passed, failed, unclear]) expect(out).not.toContain(secret.slice(6));
});
