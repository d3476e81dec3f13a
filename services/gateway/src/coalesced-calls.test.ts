import { methodAt } from "@waybill/contract/methods.ts";
import { DomainError, unavailable } from "@waybill/errors/domain-error.ts";
import type { CreateOrdersRequest } from "@waybill/proto/orders/v1/orders.ts";
import { batchResponse, recordFailed, recordSuccess, type BatchResponse } from "@waybill/rpc/batch.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import { expect, test } from "vitest";
import { coalescedCalls } from "./coalesced-calls.ts";

const createOrders = methodAt("/waybill.orders.v1.OrderService/CreateOrders");

const DEADLINE = Date.now() + 600_000;

interface Sent {
  names: string[];
  mode: string | null;
  traceparents: string[] | null;
  options: CallOptions;
}

/** A service that answers each record with its name as its id, and refuses as `refuse` says. */
function service(refuse: (names: string[]) => DomainError | null = () => null) {
  const calls: Sent[] = [];
  const call = coalescedCalls(createOrders, async (request, options) => {
    const { orders, mode, coalesced } = request as CreateOrdersRequest;
    const names = orders.map(({ customer_identifier }) => customer_identifier!);
    calls.push({ names, mode: mode ?? null, traceparents: coalesced?.traceparents ?? null, options });
    const refusal = refuse(names);
    if (refusal) throw refusal;
    return { ...batchResponse(names.map((name, index) => recordSuccess(index, name, name))), plans: [] };
  });
  const ask = (tenantId: string, names: string[], more: object = {}, bytes: number | null = 300) =>
    call(
      { orders: names.map((customer_identifier) => ({ customer_identifier })), ...more },
      {
        tenantId,
        requestId: `of-${names[0]}`,
        traceparent: `trace-${names[0]}`,
        deadline: names[0] === "late" ? Date.now() - 1 : DEADLINE - names.length,
      },
      bytes,
    ) as Promise<BatchResponse>;
  return { calls, ask };
}

const told = ({ results, records_submitted }: BatchResponse) => [
  records_submitted,
  ...results.map(({ index, system_id }) => `${index} ${system_id}`),
];

test("requests of a moment travel together, each is answered for its own records, and a trace goes with each", async () => {
  const { calls, ask } = service();
  const answers = await Promise.all([ask("acme", ["a"]), ask("acme", ["b", "c"]), ask("acme", ["d"])]);
  expect(answers.map(told)).toEqual([
    [1, "0 a"],
    [2, "0 b", "1 c"],
    [1, "0 d"],
  ]);
  expect(calls).toMatchObject([
    { names: ["a", "b", "c", "d"], traceparents: ["trace-a", "trace-b", "trace-b", "trace-d"] },
  ]);
  expect(calls[0]!.options.deadline).toBe(DEADLINE - 2);
});

test("one request alone is sent as it came", async () => {
  const { calls, ask } = service();
  expect(told(await ask("acme", ["a", "b"]))).toEqual([2, "0 a", "1 b"]);
  expect(calls).toMatchObject([
    { traceparents: null, options: { requestId: "of-a", traceparent: "trace-a" } },
  ]);
});

test("what says more than its records, has many, or comes from another tenant travels for itself", async () => {
  const { calls, ask } = service();
  const many = Array.from({ length: 11 }, (_, index) => `m${index}`);
  await Promise.all([
    ask("acme", ["a"], { mode: "atomic" }),
    ask("acme", many),
    ask("beta", ["b"]),
    ask("acme", ["c"], { mode: null }),
    ask("acme", ["large"], {}, 100_000),
    ask("acme", ["compressed"], {}, null),
  ]);
  expect(calls.map(({ names, mode }) => [names[0], mode]).sort()).toEqual([
    ["a", "atomic"],
    ["b", null],
    ["c", null],
    ["compressed", null],
    ["large", null],
    ["m0", null],
  ]);
});

test("a refusal is told to none but the request that it is for", async () => {
  const { ask } = service((names) => (names.includes("bad") ? new DomainError("BODY_TOO_LARGE") : null));
  const answers = await Promise.allSettled(["a", "bad", "b"].map((name) => ask("acme", [name])));
  expect(answers.map((one) => (one.status === "fulfilled" ? told(one.value) : one.reason.code))).toEqual([
    [1, "0 a"],
    "BODY_TOO_LARGE",
    [1, "0 b"],
  ]);
});

test.each([
  ["an outage", unavailable("down")],
  ["an overload", new DomainError("TOO_MANY_REQUESTS")],
])("%s is told to all, and the service is not asked again", async (_, refusal) => {
  const { calls, ask } = service(() => refusal);
  const answers = await Promise.allSettled(["a", "b"].map((name) => ask("acme", [name])));
  expect(answers).toEqual(answers.map(() => ({ status: "rejected", reason: refusal })));
  expect(calls).toHaveLength(1);
});

test("a request whose time is over fails alone, before it is sent", async () => {
  const { calls, ask } = service();
  const answers = await Promise.allSettled(["a", "late", "b"].map((name) => ask("acme", [name])));
  expect(answers.map((one) => (one.status === "fulfilled" ? told(one.value) : one.reason.code))).toEqual([
    [1, "0 a"],
    "DEADLINE_EXCEEDED",
    [1, "0 b"],
  ]);
  expect(calls.map(({ names }) => names)).toEqual([["a", "b"]]);
});

test("what failed all of a request's records for no known reason fails the request, as it would alone", async () => {
  const call = coalescedCalls(createOrders, async (request) => {
    const names = (request as CreateOrdersRequest).orders.map(
      ({ customer_identifier }) => customer_identifier!,
    );
    return batchResponse(
      names.map((name, index) =>
        name === "odd"
          ? recordFailed(index, name, new DomainError("INTERNAL"))
          : recordSuccess(index, name, name),
      ),
    );
  });
  const ask = (names: string[]) => {
    const options = { tenantId: "acme", requestId: "r", traceparent: "t", deadline: DEADLINE };
    return call({ orders: names.map((customer_identifier) => ({ customer_identifier })) }, options, 300);
  };
  const answers = await Promise.allSettled([ask(["odd"]), ask(["good", "odd"])]);
  expect(answers).toMatchObject([
    { status: "rejected", reason: { code: "INTERNAL" } },
    { status: "fulfilled", value: { records_succeeded: 1, records_failed: 1 } },
  ]);
});

test("a call whose time is over is tried again for each: the others may have time left", async () => {
  const { ask } = service((names) => (names.includes("a") ? new DomainError("DEADLINE_EXCEEDED") : null));
  const answers = await Promise.allSettled(["a", "b"].map((name) => ask("acme", [name])));
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});

test("a group has no more records and lines than a call may have", async () => {
  const { calls, ask } = service();
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => ask("acme", [`n${index}`], {}, 37)));
  const sizes = calls.map(({ names }) => names.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(512);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_000);
});

test("a method whose request has no place for it is no such method", () => {
  const createSkus = methodAt("/waybill.line_items.v1.SkuService/CreateSkus");
  expect(() => coalescedCalls(createSkus, async () => ({}))).toThrow("cannot be coalesced");
});
