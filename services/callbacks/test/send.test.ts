import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Resolve } from "../src/guarded-connector.ts";
import { createSender } from "../src/send.ts";
import { cert, key } from "./certificate.ts";
import { startReceiver, type Receiver } from "./receiver.ts";

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver[Symbol.asyncDispose]());

const running = new AbortController().signal;

function aSender({
  sandbox = true,
  attemptMsMax = 5_000,
  resolve = async () => ["127.0.0.1"],
}: {
  sandbox?: boolean;
  attemptMsMax?: number;
  resolve?: Resolve;
} = {}) {
  const sender = createSender({ guard: { sandbox }, attemptMsMax, connectionsMax: 10, resolve });
  onTestFinished(() => sender[Symbol.asyncDispose]());
  return (url: string, signal = running) =>
    sender.send({ url, headers: { "webhook-id": "1" }, body: "{}" }, signal);
}

/** A server that answers each connection with bytes of its own. */
async function rawServer(
  talk: (socket: Socket) => void,
): Promise<{ url: string; connections: () => number }> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket.on("error", () => undefined));
    socket.once("data", () => talk(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    connections: () => connections,
  };
}

/** Writes `chunk` again and again, until the socket is closed. */
function drip(socket: Socket, chunk: string, everyMs: number) {
  const timer = setInterval(() => void socket.write(chunk), everyMs);
  socket.on("close", () => clearInterval(timer));
}

describe("an attempt", () => {
  it("is one POST, whose answer is kept at its beginning", async () => {
    const path = `/${randomUUID()}`;
    receiver.behave(path, { status: 500, headers: { "retry-after": "7" }, body: "ü".repeat(10_000) });
    const answer = await aSender()(receiver.url(path));
    expect(answer).toMatchObject({ outcome: "http", statusCode: 500, retryAfterMs: 7_000 });
    expect(answer.responseStart).toBe("ü".repeat(8_192));
    expect(receiver.at(path).map(({ body }) => body)).toEqual(["{}"]);
  });

  it.each([301, 302, 303, 307, 308])("does not follow a %i", async (status) => {
    const path = `/${randomUUID()}`;
    receiver.behave(path, { status, headers: { location: receiver.url(`${path}/next`) } });
    expect(await aSender()(receiver.url(path))).toMatchObject({ outcome: "http", statusCode: status });
    expect(receiver.at(`${path}/next`)).toEqual([]);
  });

  it("ends in its time when nothing is answered, when headers drip, and when informational answers never end", async () => {
    const send = aSender({ attemptMsMax: 300 });
    const silent = await rawServer(() => undefined);
    const slow = await rawServer((socket) => drip(socket, "H", 20));
    const informational = await rawServer((socket) => drip(socket, "HTTP/1.1 103 Early Hints\r\n\r\n", 20));
    for (const { url } of [silent, slow, informational]) {
      const { outcome, durationMs } = await send(url);
      expect(["timeout", "broken"]).toContain(outcome);
      expect(durationMs).toBeLessThan(900);
    }
  });

  it("takes the status as the answer when the body drips or never ends, and reads no more than 16 KiB", async () => {
    const send = aSender({ attemptMsMax: 1_500 });
    const head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n";
    const dripping = await rawServer((socket) => (socket.write(head), drip(socket, "x", 20)));
    let written = 0;
    const endless = await rawServer((socket) => {
      socket.write(head);
      const fill = () => {
        while (!socket.destroyed && socket.write("x".repeat(65_536))) written += 65_536;
      };
      socket.on("drain", fill);
      fill();
    });
    expect(await send(dripping.url)).toMatchObject({ outcome: "ok", statusCode: 200 });
    const { outcome, responseStart } = await send(endless.url);
    expect([outcome, responseStart]).toEqual(["ok", "x".repeat(16_384)]);
    expect(written).toBeLessThan(20_000_000);
  });

  it("fails when headers never end, when the connection breaks, and when it is not HTTP", async () => {
    const send = aSender();
    const bomb = await rawServer((socket) =>
      drip(socket, `HTTP/1.1 200 OK\r\n${`x: ${"y".repeat(8_000)}\r\n`.repeat(4)}`, 5),
    );
    const breaking = await rawServer((socket) => socket.destroy());
    const babble = await rawServer((socket) => socket.end("220 mail.example ESMTP\r\n"));
    for (const { url } of [bomb, breaking, babble])
      expect(await send(url)).toMatchObject({ outcome: "broken", statusCode: null });
  });

  it("over TLS to what speaks none is a failure of TLS", async () => {
    expect(await aSender()(receiver.url("/").replace("http:", "https:"))).toMatchObject({ outcome: "tls" });
  });

  it("over TLS goes only to whom the certificate names, and only if it is trusted", async () => {
    const server = createTlsServer({ key, cert }, (_, response) => response.end());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const send = (name: string) => aSender()(`https://${name}:${port}/`);
    expect(await send("receiver.example.com")).toMatchObject({ outcome: "tls", statusCode: null });
    const trusted = getCACertificates("default");
    setDefaultCACertificates([...trusted, cert]);
    onTestFinished(() => setDefaultCACertificates(trusted));
    expect(await send("receiver.example.com")).toMatchObject({ outcome: "ok" });
    expect(await send("other.example.com")).toMatchObject({ outcome: "tls", statusCode: null });
  });

  it("takes the answer of HTTP/1.0", async () => {
    const { url } = await rawServer((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nhi"));
    expect(await aSender()(url)).toMatchObject({ outcome: "ok", responseStart: "hi" });
  });

  it("asks for no compression, and keeps a compressed body as it came", async () => {
    const path = `/${randomUUID()}`;
    const bomb = gzipSync(Buffer.alloc(20_000_000)).toString("latin1");
    receiver.behave(path, { status: 200, headers: { "content-encoding": "gzip" }, body: bomb });
    const { outcome, responseStart } = await aSender()(receiver.url(path));
    expect([outcome, Buffer.byteLength(responseStart!) <= 3 * 16_384]).toEqual(["ok", true]);
    expect(receiver.at(path)[0]!.headers["accept-encoding"]).toBeUndefined();
  });

  it("uses a connection again", async () => {
    const answering = await rawServer((socket) => {
      const answer = () => socket.write("HTTP/1.1 204 No Content\r\n\r\n");
      socket.on("data", answer);
      answer();
    });
    const send = aSender();
    for (let count = 0; count < 20; count += 1) await send(answering.url);
    expect(answering.connections()).toBeLessThan(3);
  });

  it("reaches localhost in the sandbox, by whichever address it listens on", async () => {
    const sender = createSender({ guard: { sandbox: true }, attemptMsMax: 2_000, connectionsMax: 1 });
    onTestFinished(() => sender[Symbol.asyncDispose]());
    const url = receiver.url("/local").replace("127.0.0.1", "localhost");
    expect(await sender.send({ url, headers: {}, body: "{}" }, running)).toMatchObject({ outcome: "ok" });
  });

  it("goes to its receiver whatever proxy the environment names", async () => {
    const names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY"];
    for (const name of names) vi.stubEnv(name, "http://127.0.0.1:9");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await aSender()(receiver.url("/unproxied"))).toMatchObject({ outcome: "ok" });
    expect(receiver.at("/unproxied")).toHaveLength(1);
  });

  it("tells where its time went, and of its connection only once", async () => {
    const send = aSender({ attemptMsMax: 5_000 });
    const url = receiver.url("/phases").replace("127.0.0.1", "phases.example.com");
    const { phases } = await send(url);
    for (const ms of [phases.dns_ms, phases.connect_ms, phases.first_byte_ms])
      expect(ms).toBeGreaterThanOrEqual(0);
    expect(phases.tls_ms).toBeNull();
    const later = [];
    for (let count = 0; count < 5; count += 1) later.push((await send(url)).phases);
    expect(later).toContainEqual({
      ...phases,
      dns_ms: null,
      connect_ms: null,
      first_byte_ms: expect.any(Number),
    });
  });

  it("rejects when the process stops, so that it is not taken for the receiver's failure", async () => {
    const stopping = new AbortController();
    const sent = aSender({ attemptMsMax: 10_000 })((await rawServer(() => undefined)).url, stopping.signal);
    stopping.abort();
    await expect(sent).rejects.toThrow("aborted");
  });
});

describe("no request reaches an address that is not allowed", () => {
  const spellings = ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0.0.0.0", "[::1]", "[::]"];
  const embedded = ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "①②⑦.⓪.⓪.①", "user:pw@127.0.0.1"];

  it.each([...spellings, ...embedded])("spelled as %s", async (host) => {
    const server = await rawServer((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    const url = server.url.replace("127.0.0.1", host);
    expect(await aSender({ sandbox: false })(url)).toMatchObject({ statusCode: null });
    expect(server.connections()).toBe(0);
  });

  it.each([
    ["this machine", ["127.0.0.1"]],
    ["a public and an inner address", ["1.1.1.1", "127.0.0.1"]],
    ["metadata", ["169.254.169.254"]],
  ])("under a name that resolves to %s", async (_, addresses) => {
    const server = await rawServer((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    const send = aSender({ sandbox: false, resolve: async () => addresses });
    const url = server.url.replace("127.0.0.1", "rebound.example.com");
    expect(await send(url)).toMatchObject({ outcome: "blocked", statusCode: null });
    expect(server.connections()).toBe(0);
  });

  it("under a name that is looked up once as one and then as another address", async () => {
    const server = await rawServer((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    const answers = [["127.0.0.1"], ["10.0.0.1"]];
    const send = aSender({ resolve: async () => answers.shift()! });
    const url = server.url.replace("127.0.0.1", "rebound.example.com");
    expect(await send(url)).toMatchObject({ outcome: "ok" });
    expect(await send(url)).toMatchObject({ outcome: "blocked" });
    expect(server.connections()).toBe(1);
  });

  it("but a name without addresses is told apart", async () => {
    const send = aSender({ resolve: () => Promise.reject(new Error("ENOTFOUND")) });
    expect(await send("http://nowhere.example.com/")).toMatchObject({ outcome: "dns" });
  });

  it("and name servers that are away are this side's failure", async () => {
    const refused = Object.assign(new Error("queryA ECONNREFUSED"), { code: "ECONNREFUSED" });
    const send = aSender({ resolve: () => Promise.reject(refused) });
    expect(await send("http://somewhere.example.com/")).toMatchObject({ outcome: "egress" });
  });
});
