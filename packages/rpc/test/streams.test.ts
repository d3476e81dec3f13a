import { once } from "node:events";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { GetProfileResponse } from "@waybill/proto/groupings/v1/profiles.ts";
import { expect, test, vi } from "vitest";
import type { StreamOptions } from "../src/client.ts";
import {
  profilesAt,
  startStreamServer,
  startTestServer,
  streamAt,
  within,
  type StreamHandlers,
} from "./harness.ts";

type Handle = StreamHandlers["getProfile"];

const { deadline: _, ...caller } = within(0);
const profile = (id: number, name = ""): GetProfileResponse => ({ profile: { id, first_name: name } });
const idOf = (response: GetProfileResponse) => response.profile!.id;

async function readAll(
  responses: AsyncIterable<GetProfileResponse>,
  into: unknown[] = [],
): Promise<unknown[]> {
  for await (const response of responses) into.push(idOf(response));
  return into;
}

function read(port: number, options: StreamOptions = caller): AsyncIterable<GetProfileResponse> {
  return streamAt(port).getProfile({ id: 1 }, options);
}

/** Sends one message, then nothing until nobody reads on; `signals` gets the signals of its calls. */
function sendOnce(signals: AbortSignal[]): Handle {
  return async function* (_context, _request, { signal }) {
    signals.push(signal);
    yield profile(1);
    if (!signal.aborted) await once(signal, "abort");
  };
}

test("what a handler yields arrives in order, and the stream ends with it", async () => {
  const { port, lines } = await startStreamServer(async function* (_context, request) {
    for (let id = 1; id <= 100; id += 1) yield profile(id + request.id!);
  });
  expect(await readAll(read(port))).toEqual(Array.from({ length: 100 }, (_each, index) => index + 2));
  expect(lines).toMatchObject([{ msg: "rpc.call", status: "OK", responses: 100, tenant_id: "t1" }]);
});

test("a stream needs no deadline, but a tenant and a valid request", async () => {
  const handle = vi.fn<Handle>(async function* () {
    yield profile(1);
  });
  const { port } = await startStreamServer(handle);
  expect(await readAll(read(port))).toEqual([1]);
  await expect(readAll(read(port, { ...caller, tenantId: "" }))).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
  });
  await expect(readAll(streamAt(port).getProfile({ id: 0 }, caller))).rejects.toMatchObject({
    code: "INVALID_REQUEST",
    violations: [{ pointer: "/id", code: "OUT_OF_RANGE" }],
  });
  expect(handle).toHaveBeenCalledTimes(1);
});

test("a refusal ends the stream after what was sent before it", async () => {
  const { port, lines } = await startStreamServer(async function* () {
    yield profile(1);
    yield profile(2);
    throw new DomainError("PROFILE_NOT_FOUND", "it was deleted");
  });
  const got: unknown[] = [];
  await expect(readAll(read(port), got)).rejects.toMatchObject({
    code: "PROFILE_NOT_FOUND",
    message: "it was deleted",
  });
  expect(got).toEqual([1, 2]);
  expect(lines).toMatchObject([{ status: "NOT_FOUND", code: "PROFILE_NOT_FOUND", responses: 2 }]);
});

test("a handler learns that its caller reads no longer", async () => {
  const signals: AbortSignal[] = [];
  const { port, lines } = await startStreamServer(sendOnce(signals));
  for await (const response of read(port)) {
    expect([idOf(response), signals[0]!.aborted]).toEqual([1, false]);
    break;
  }
  await expect.poll(() => signals[0]!.aborted).toBe(true);
  await expect.poll(() => lines).toMatchObject([{ level: 30, status: "CANCELLED", responses: 1 }]);
});

test("a stream ends at its caller's deadline", async () => {
  const signals: AbortSignal[] = [];
  const { port, lines } = await startStreamServer(sendOnce(signals));
  await expect(readAll(read(port, within(200)))).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  await expect.poll(() => signals[0]!.aborted).toBe(true);
  await expect.poll(() => lines).toMatchObject([{ level: 30, status: "CANCELLED" }]);
});

test("a handler is not asked for more than its reader takes", async () => {
  const large = "x".repeat(100_000);
  const total = 500;
  let made = 0;
  const { port } = await startStreamServer(async function* () {
    for (; made < total; made += 1) yield profile(made, large);
  });
  const other = profilesAt((await startTestServer()).port);
  let taken = 0;
  for await (const response of read(port)) {
    // The server of the stream has all the time it wants while the reader does something else.
    if (taken === 0) for (let id = 1; id <= 50; id += 1) await other.getProfile({ id }, within(5_000));
    if (taken === 0) expect(made).toBeLessThan(total / 2);
    expect(idOf(response)).toBe(taken);
    taken += 1;
  }
  expect(taken).toBe(total);
});

test("a server that stops ends its streams at once, even one whose handler does not look", async () => {
  const signals: AbortSignal[] = [];
  const server = await startStreamServer(async function* (_context, request, { signal }) {
    signals.push(signal);
    yield profile(request.id!);
    await new Promise<never>(() => undefined);
  });
  const got: unknown[] = [];
  const reading = readAll(read(server.port), got);
  await expect.poll(() => got).toEqual([1]);
  const stopped = server[Symbol.asyncDispose]();
  await expect(reading).rejects.toMatchObject({ code: "STREAM_ENDED" });
  await stopped;
  expect(signals[0]!.aborted).toBe(true);
  expect(server.lines).toMatchObject([{ level: 30, status: "UNAVAILABLE", code: "STREAM_ENDED" }]);
});
