import { describe, expect, it } from "vitest";
import { ApiError, AttemptTimeoutError, ConnectionError, UnexpectedAnswerError } from "./errors.ts";
import { InvalidRequestError, OrderNotFoundError } from "./gen/errors.ts";
import { Waybill, type Attempt } from "./waybill.ts";
import { problem, standIn, type Answer, type Reply } from "../test/api-stand-in.ts";

const clientOf = (url: string, more: object = {}) => new Waybill({ url, key: "k1", ...more });
const busy = problem(503, "DEPENDENCY_UNAVAILABLE");
const ok = (body: unknown = {}): Answer => ({ status: 200, body });

describe("a call", () => {
  it("sends key, path, query and body as the API wants them", async () => {
    const { url, received } = await standIn(() => ok({ results: [] }));
    await clientOf(`${url}/base/`).createOrders([], { mode: "atomic" });
    expect(received[0]).toMatchObject({
      verb: "POST",
      path: "/base/orders?mode=atomic",
      headers: { authorization: "Bearer k1", "content-type": "application/json" },
      body: [],
    });
  });

  it("keeps what it puts into a path from naming another one, and commas in lists apart", async () => {
    const { url, received } = await standIn(() => ok({ data: [], next_cursor: null }));
    await clientOf(url).getOrder("a/../b?c");
    await clientOf(url).listOrders({ cid: ["a,b", "c"] });
    expect(received.map(({ path }) => path)).toEqual(["/orders/a%2F..%2Fb%3Fc", "/orders?cid=a%2Cb&cid=c"]);
    expect(() => clientOf(url).getOrder("..")).toThrow(TypeError);
  });

  it("answers undefined where the API has nothing to say", async () => {
    const { url } = await standIn(() => ({ status: 204 }));
    expect(await clientOf(url).deleteOrderLineItem("l1")).toBeUndefined();
  });

  it("tells of its attempts, and of status and headers of its answer", async () => {
    const attempts: Attempt[] = [];
    const { url } = await standIn((_, number) =>
      number === 1 ? busy : { ...ok(), headers: { etag: '"1"' } },
    );
    const etags: (string | null)[] = [];
    const client = clientOf(url, { onAttempt: (attempt: Attempt) => attempts.push(attempt) });
    await client.getOrder("o1", { onResponse: ({ headers }) => etags.push(headers.get("etag")) });
    expect(etags).toEqual([null, '"1"']);
    expect(attempts).toMatchObject([
      { verb: "GET", path: "/orders/o1", number: 1, status: 503 },
      { number: 2, status: 200 },
    ]);
  });
});

describe("a refusal", () => {
  it("is an error of its code's class that says what, where and what to do", async () => {
    const errors = [{ pointer: "/0/priority", code: "WRONG_TYPE", detail: "must be an integer" }];
    const { url } = await standIn(({ verb }) =>
      verb === "GET"
        ? problem(404, "ORDER_NOT_FOUND")
        : problem(400, "INVALID_REQUEST", { errors, action: "Correct them." }),
    );
    await expect(clientOf(url).getOrder("o1")).rejects.toThrow(OrderNotFoundError);
    const refusal: unknown = await clientOf(url)
      .createOrders([])
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InvalidRequestError);
    expect(refusal).toMatchObject({
      name: "InvalidRequestError",
      message: "INVALID_REQUEST: so it is (/0/priority must be an integer)",
      status: 400,
      action: "Correct them.",
      requestId: "r1",
      errors,
    });
  });

  it("with a code that came later is an ApiError all the same", async () => {
    const { url } = await standIn(() => problem(409, "NEW_CODE"));
    const refusal: unknown = await clientOf(url)
      .getOrder("o1")
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ApiError);
    expect(refusal).toMatchObject({ name: "ApiError", code: "NEW_CODE" });
  });

  it("by somebody else than the API is told apart", async () => {
    const { url } = await standIn(() => ({ status: 404, body: "nothing here" }));
    await expect(clientOf(url).getOrder("o1")).rejects.toThrow(UnexpectedAnswerError);
  });
});

describe("a call that fails in a way that may pass", () => {
  it("is sent again after 429, 503, a broken connection and no answer in time", async () => {
    const replies: Reply[] = ["break", "silence", busy, problem(429, "TOO_MANY_REQUESTS"), ok({ id: "o1" })];
    const { url, received } = await standIn((_, number) => replies[number - 1]!);
    const order = await clientOf(url, { timeoutMs: 200 }).getOrder("o1");
    expect(order.id).toBe("o1");
    expect(received).toHaveLength(5);
  });

  it("sends a POST with one Idempotency-Key in all its attempts, and another in another call", async () => {
    const { url, received } = await standIn((_, number) => (number % 2 ? "break" : ok()));
    await clientOf(url).createReturn({ order_id: "o1", items: [] });
    await clientOf(url).createReturn({ order_id: "o1", items: [] });
    const keys = received.map(({ headers }) => headers["idempotency-key"]);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys).toEqual([keys[0], keys[0], keys[2], keys[2]]);
    expect(keys[0]).not.toBe(keys[2]);
  });

  it("waits for the first attempt where that is still in work", async () => {
    const inUse = problem(409, "IDEMPOTENCY_KEY_IN_USE");
    const { url, received } = await standIn((_, number) => (number === 1 ? inUse : ok()));
    await clientOf(url).createReturn({ order_id: "o1", items: [] }, { idempotencyKey: "mine" });
    expect(received.map(({ headers }) => headers["idempotency-key"])).toEqual(["mine", "mine"]);
  });

  it("gives up after its retries, with the last error", async () => {
    const { url, received } = await standIn(() => busy);
    await expect(clientOf(url, { retries: 2 }).getOrder("o1")).rejects.toMatchObject({ status: 503 });
    await expect(clientOf(url).getOrder("o1", { retries: 0 })).rejects.toMatchObject({ status: 503 });
    expect(received).toHaveLength(4);
    await expect(clientOf("http://127.0.0.1:1", { retries: 0 }).getOrder("o1")).rejects.toThrow(
      ConnectionError,
    );
    const silent = await standIn(() => "silence");
    const call = clientOf(silent.url, { retries: 0, timeoutMs: 50 }).getOrder("o1");
    await expect(call).rejects.toThrow(AttemptTimeoutError);
  });

  it("is not sent again when its answer would be the same", async () => {
    const { url, received } = await standIn(() => problem(409, "STATUS_FORBIDS"));
    await expect(clientOf(url).getOrder("o1")).rejects.toMatchObject({ code: "STATUS_FORBIDS" });
    expect(received).toHaveLength(1);
  });

  it("ends at once with the caller's signal, be it sent or waiting", async () => {
    const slow = problem(503, "DEPENDENCY_UNAVAILABLE", {}, "30");
    for (const reply of [slow, "silence"] as const) {
      const { url } = await standIn(() => reply);
      const stop = new AbortController();
      const call = clientOf(url).getOrder("o1", { signal: stop.signal });
      setTimeout(() => stop.abort(new Error("enough")), 50);
      await expect(call).rejects.toThrow("enough");
    }
  });
});

describe("a list", () => {
  const pages = [
    { data: [{ id: "1" }, { id: "2" }], next_cursor: "c1" },
    { data: [], next_cursor: "c2" },
    { data: [{ id: "3" }], next_cursor: null },
  ];
  const list = () => standIn((_, number) => ok(pages[number - 1]));

  it("awaited is its first page", async () => {
    const { url, received } = await list();
    expect(await clientOf(url).listOrders({ limit: 2, offset: 4 })).toEqual(pages[0]);
    expect(received).toHaveLength(1);
  });

  it("iterated is every element, each page fetched when it is needed, by its cursor", async () => {
    const { url, received } = await list();
    const ids: string[] = [];
    for await (const { id } of clientOf(url).listOrders({ limit: 2, offset: 4, list_type: "summary" })) {
      ids.push(id);
      if (id === "2") expect(received).toHaveLength(1);
    }
    expect(ids).toEqual(["1", "2", "3"]);
    expect(received.map(({ path }) => path)).toEqual([
      "/orders?limit=2&offset=4&list_type=summary",
      "/orders?limit=2&list_type=summary&cursor=c1",
      "/orders?limit=2&list_type=summary&cursor=c2",
    ]);
  });

  it("sends nothing before it is wanted", async () => {
    const { url, received } = await list();
    clientOf(url).listOrders();
    expect(received).toHaveLength(0);
  });
});
