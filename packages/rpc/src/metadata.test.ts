import { Metadata } from "@grpc/grpc-js";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { fromMetadata, metadataKeys, requestIdOr, toMetadata, traceparentOr } from "./metadata.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const callers = fc.record({
  tenantId: fc.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/),
  requestId: fc.stringMatching(/^[a-zA-Z0-9_.:-]{1,100}$/),
  traceparent: fc
    .tuple(hex(32), hex(16), hex(2))
    .map(([trace, span, flags]) => `00-${trace}-${span}-${flags}`),
});

function metadataOf(entries: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}

test("a caller arrives as it was sent", () => {
  fc.assert(
    fc.property(callers, (caller) => {
      expect(fromMetadata(toMetadata(caller))).toEqual(caller);
    }),
  );
});

describe("metadata that names no tenant names no caller", () => {
  it.each([undefined, "", "a b", "a/b", "a.b", "a".repeat(65), "a,b", "$ne"])("%j", (tenantId) => {
    const tenant = tenantId === undefined ? {} : { [metadataKeys.tenant]: tenantId };
    expect(fromMetadata(metadataOf({ ...tenant, [metadataKeys.requestId]: "r1", traceparent }))).toBeNull();
  });
});

test("a call without ids gets new ones, different each time", () => {
  const bare = metadataOf({ [metadataKeys.tenant]: "acme" });
  const [first, second] = [fromMetadata(bare)!, fromMetadata(bare)!];
  expect(first.tenantId).toBe("acme");
  expect(first.requestId).not.toBe(second.requestId);
  expect(first.traceparent).not.toBe(second.traceparent);
});

describe("a request id that could break a log line or a header is replaced", () => {
  it.each([undefined, "", "a b", "a\nb", '"', "<b>", "é", "x".repeat(101)])("%j", (given) => {
    const requestId = requestIdOr(given);
    expect(requestId).not.toBe(given);
    expect(requestIdOr(requestId)).toBe(requestId);
  });
  it.each(["r1", "2024-01-01T00:00:00.000Z:7", "x".repeat(100)])("%j is kept", (given) =>
    expect(requestIdOr(given)).toBe(given),
  );
});

describe("a traceparent that W3C does not define is replaced", () => {
  it.each([
    undefined,
    "",
    "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    `${traceparent}-extra`,
    ` ${traceparent}`,
  ])("%j", (given) => {
    const replaced = traceparentOr(given);
    expect(replaced).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(replaced).not.toBe(given);
    expect(traceparentOr(replaced)).toBe(replaced);
  });
  it("any other is kept, sampled or not", () => {
    expect(traceparentOr(traceparent)).toBe(traceparent);
    expect(traceparentOr(traceparent.replace(/01$/, "00"))).toMatch(/-00$/);
  });
});
