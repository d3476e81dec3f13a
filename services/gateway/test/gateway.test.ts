import type { Call } from "@waybill/rpc/handlers.ts";
import type { RpcServer } from "@waybill/rpc/server.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Gateway } from "../src/service.ts";
import { eventData, key, startStandIn, startTestGateway } from "./stand-in.ts";

const received = { requests: [] as unknown[], calls: [] as Call[] };
let standIn: RpcServer;
let gateway: Gateway;

beforeAll(async () => {
  standIn = await startStandIn(received);
  gateway = await startTestGateway(standIn.port);
});

beforeEach(() => {
  received.requests.length = 0;
  received.calls.length = 0;
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await standIn[Symbol.asyncDispose]();
});

const exampleOrder = `[
  {
    "customer_identifier": "129374",
    "order_type": "customer",
    "priority": 100,
    "shipping_provider": "masonhub", 
    "shipper_service_level": "ground",
    "value_added_services": ["Complimentary Handkerchief"],
    "special_instructions": "Triple Fold the Sleeves and wrap in Tissue Paper.",
    "gift_message": "Happy Birthday Freddie!",
    "shipping_address_name": "John Jacob JingleHeimer-Schmidt III",
    "shipping_address_street_line_one": "234 House Lane",
    "shipping_address_city": "Little Falls",
    "shipping_address_locale": "NJ", 
    "shipping_address_postal_code": "07972",
    "shipping_address_country_code": "US",
    "shipping_address_phone_number": "973-999-3333",
    "shipping_address_type": "residential",
    "billing_address_name": "John Jacob JingleHeimer-Schmidt III",
    "billing_address_street_line_one": "234 House Lane",
    "billing_address_city": "Little Falls",
    "billing_address_locale": "NJ",
    "billing_address_postal_code": "07972", 
    "billing_address_country_code": "US",
    "billing_address_phone_number": "973-999-3333",
    "billing_address_type": "residential",
    "submitted_at": "2018-08-01T00:00:00Z",
    "line_items": [
      {
        "sku_customer_id": "shirts872340",
        "quantity": 2,
        "promised_delivery_date": "2018-08-15T17:32:28Z",
        "estimated_delivery_date": "2018-08-15T17:32:28Z"
      }
    ]
  }
]`;

type Asked = { method?: string; body?: string; headers?: Record<string, string> };

function ask(path: string, { headers: given, ...init }: Asked = {}, port = gateway.port): Promise<Response> {
  const headers = {
    authorization: `Bearer ${key}`,
    ...(init.body ? { "content-type": "application/json" } : {}),
  };
  return fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers: { ...headers, ...given } });
}

test("the order of the reference document reaches the service as it was sent", async () => {
  const answer = await ask("/orders", { method: "POST", body: exampleOrder });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ records_submitted: 1, results: [] });
  expect(received.calls[0]?.failures.size).toBe(0);
  const [sent] = JSON.parse(exampleOrder) as [Record<string, unknown>];
  const times = { submitted_at: "2018-08-01T00:00:00.000Z", line_items: expect.any(Array) };
  expect(received.requests[0]).toMatchObject({
    orders: [{ ...sent, ...times, references: [], gift_message: sent["gift_message"] }],
  });
});

test.each(["/orders", "/orders/", "/consumers/api/v1/orders", "/consumers/api/v1/orders/"])(
  "%s serves the same API",
  async (path) => {
    const answer = await ask(`${path}?limit=5`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ limit: 5, list_type: "detail" });
  },
);

test("list parameters are repeated or separated by commas", async () => {
  await ask("/orders?cid=a,b&cid=c&offset=3");
  expect(received.requests[0]).toMatchObject({ cid: ["a", "b", "c"], id: [], offset: 3, limit: null });
});

test("the caller's tenant, request id and trace reach the service, and the request id comes back", async () => {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const answer = await ask("/orders/o1", { headers: { "x-request-id": "my-id", traceparent } });
  expect(answer.headers.get("x-request-id")).toBe("my-id");
  expect(received.calls[0]).toMatchObject({ tenantId: "acme", requestId: "my-id", traceparent });
});

test("a request without a usable id gets one", async () => {
  const answer = await ask("/orders/o1", { headers: { "x-request-id": "not one" } });
  expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
});

test("summaries take the place of data", async () => {
  const body = (await (await ask("/orders?list_type=summary")).json()) as Record<string, unknown>;
  expect(Object.keys(body)).toContain("data");
  expect(Object.keys(body)).not.toContain("summaries");
  expect(body["data"]).toMatchObject([{ order_nr: 1_000_000_000, substatus: null }]);
});

test("the data of an event keeps its bytes", async () => {
  const answer = await ask("/orders/o1/events");
  expect(await answer.text()).toContain(`"data":${eventData}}`);
});

test("an absent message is answered as null", async () => {
  expect(await (await ask("/skus/s1")).text()).toBe("null");
});

test("a created profile is answered with 201, its Location and its body", async () => {
  const answer = await ask("/profiles", { method: "POST", body: '{"first_name":"Ada","last_name":"L"}' });
  expect(answer.status).toBe(201);
  expect(answer.headers.get("location")).toBe("/consumers/api/v1/profiles/7");
  expect(await answer.json()).toMatchObject({ id: 7, first_name: "Ada", full_name: null });
  expect((await ask(answer.headers.get("location")!)).status).toBe(200);
});

test("a path that takes another method is answered with 405 and Allow", async () => {
  const answer = await ask("/orders", { method: "DELETE" });
  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toBe("GET, HEAD, POST");
  expect(await answer.json()).toMatchObject({ code: "METHOD_NOT_ALLOWED" });
});

test.each(["/", "/nothing", "/Orders", "/consumers/api/v1/nothing", "/orders/a/b/c"])(
  "%s is answered with 404",
  async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      code: "ROUTE_NOT_FOUND",
      type: "/docs/errors/ROUTE_NOT_FOUND",
      errors: [],
    });
  },
);

test("a service's refusal is answered as its problem", async () => {
  const answer = await ask("/orders/none");
  expect(answer.status).toBe(404);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const problem = { code: "ORDER_NOT_FOUND", status: 404, request_id: answer.headers.get("x-request-id") };
  expect(await answer.json()).toMatchObject(problem);
});

test("a service's violations name places of the REST request", async () => {
  const body = await ask("/profiles", { method: "POST", body: '{"last_name":"L"}' });
  expect(await body.json()).toMatchObject({
    code: "INVALID_REQUEST",
    errors: [{ pointer: "/first_name", code: "REQUIRED" }],
  });
  const whole = await ask("/orders", { method: "POST", body: "[]" });
  expect(await whole.json()).toMatchObject({ status: 400, errors: [{ pointer: "", code: "REQUIRED" }] });
  const query = await ask("/orders?limit=101&id=x");
  const errors = [
    { parameter: "id", code: "BAD_FORMAT" },
    { parameter: "limit", code: "OUT_OF_RANGE" },
  ];
  expect(await query.json()).toMatchObject({
    status: 400,
    errors: expect.arrayContaining(errors.map((e) => expect.objectContaining(e))),
  });
});

test("Retry-After is the service's, in seconds rounded up", async () => {
  const answer = await ask("/orders/busy");
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "3"]);
});

test("what went wrong inside is never shown", async () => {
  const answer = await ask("/orders/bug");
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain("secret reason");
});

test("a service that is too slow is answered with 503 and Retry-After", async () => {
  await using impatient = await startTestGateway(standIn.port, { requestTimeoutMs: 100 });
  const answer = await ask("/orders/slow", {}, impatient.port);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await answer.json()).toMatchObject({ code: "DEADLINE_EXCEEDED" });
});

test("more requests than the limit are answered with 429 at once", async () => {
  await using narrow = await startTestGateway(standIn.port, { concurrentRequestsMax: 1 });
  const answers = await Promise.all(
    ["slow", "slow", "slow"].map((id) => ask(`/orders/${id}`, {}, narrow.port)),
  );
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 429, 429]);
  expect(answers.find(({ status }) => status === 429)?.headers.get("retry-after")).toBe("1");
  expect((await ask("/orders/o1", {}, narrow.port)).status).toBe(200);
});

test("a gateway without its services lives, is not ready, and answers 503", async () => {
  const gone = await startStandIn(received);
  await gone[Symbol.asyncDispose]();
  await using alone = await startTestGateway(gone.port);
  expect((await ask("/livez", {}, alone.port)).status).toBe(200);
  const ready = await ask("/readyz", {}, alone.port);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ status: "unavailable", services: { orders: "unavailable" } });
  const answer = await ask("/orders", { method: "POST", body: exampleOrder }, alone.port);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
});

test("a gateway whose services serve is ready, without a key", async () => {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/readyz`);
  expect(answer.status).toBe(200);
  const services = { orders: "ok", "line-items": "ok", groupings: "ok" };
  expect(await answer.json()).toMatchObject({ status: "ok", services });
});

test("a gateway that stops answers the requests in flight, then takes none", async () => {
  const stopping = await startTestGateway(standIn.port);
  await ask("/readyz", {}, stopping.port);
  const inFlight = ask("/orders/slow", {}, stopping.port);
  await expect.poll(() => received.requests.length).toBe(1);
  await stopping[Symbol.asyncDispose]();
  expect((await inFlight).status).toBe(200);
  await expect(ask("/orders/o1", {}, stopping.port)).rejects.toThrow("fetch failed");
});

test("an answer names neither its software nor an entity tag that its method has not", async () => {
  const { headers } = await ask("/orders");
  expect([headers.get("x-powered-by"), headers.get("etag")]).toEqual([null, null]);
});

test.each(["k-1", '"k-2"'])(
  "a POST with Idempotency-Key: %s that is repeated is answered once more",
  async (name) => {
    const post = () => {
      const headers = { "idempotency-key": name };
      return ask("/profiles", { method: "POST", body: '{"first_name":"Ada","last_name":"L"}', headers });
    };
    const [first, again] = [await post(), await post()];
    expect([first.status, first.headers.get("idempotent-replayed")]).toEqual([201, null]);
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([201, "true"]);
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    expect(await again.json()).toEqual(await first.json());
    expect(received.requests).toHaveLength(1);
  },
);

test("a key is the same bare and in quotes, and means nothing to methods that recognize a repeat", async () => {
  const post = (name: string) =>
    ask("/profiles", {
      method: "POST",
      body: '{"first_name":"Ada","last_name":"L"}',
      headers: { "idempotency-key": name },
    });
  await post("k-3");
  expect((await post('"k-3"')).headers.get("idempotent-replayed")).toBe("true");
  const headers = { "idempotency-key": "k-3" };
  for (const body of ["[{}]", "[{},{}]"]) {
    const answer = await ask("/orders", { method: "POST", body, headers });
    expect([answer.status, answer.headers.get("idempotent-replayed")]).toEqual([200, null]);
  }
});

test.each(["", '""', "a b", "a".repeat(256), "é"])("the Idempotency-Key %j is refused", async (name) => {
  const body = '{"first_name":"Ada","last_name":"L"}';
  const answer = await ask("/profiles", { method: "POST", body, headers: { "idempotency-key": name } });
  const place = { header: "Idempotency-Key", code: "BAD_FORMAT" };
  expect([answer.status, await answer.json()]).toMatchObject([400, { errors: [place] }]);
  expect(received.requests).toEqual([]);
});

test("an answer has the entity tag that its method says, and is not sent again to who has it", async () => {
  const first = await ask("/orders/versioned");
  expect([first.status, first.headers.get("etag")]).toEqual([200, '"3.1"']);
  for (const known of ['"3.1"', '"3.0", "3.1"', 'W/"3.1"', "*"]) {
    const again = await ask("/orders/versioned", { headers: { "if-none-match": known } });
    expect([again.status, again.headers.get("etag"), await again.text()]).toEqual([304, '"3.1"', ""]);
  }
  const changed = await ask("/orders/versioned", { headers: { "if-none-match": '"3.0", "3"' } });
  expect([changed.status, await changed.json()]).toEqual([200, await first.json()]);
  expect((await ask("/orders/o1")).headers.get("etag")).toBeNull();
});

test("a batch of more records than its limit is refused whole", async () => {
  const refused = await ask("/orders", { method: "POST", body: `[${"{},".repeat(1_000)}{}]` });
  const place = { pointer: "", code: "OUT_OF_RANGE", detail: "must have at most 1000 elements" };
  expect([refused.status, await refused.json()]).toMatchObject([400, { errors: [place] }]);
  const taken = await ask("/orders", { method: "POST", body: `[${"{},".repeat(999)}{}]` });
  expect(await taken.json()).toMatchObject({ records_submitted: 1_000 });
});

test("a DELETE takes a list of ids, each checked", async () => {
  const id = "0190f3b2-0000-7000-8000-000000000001";
  const answer = await ask("/callbacks", { method: "DELETE", body: `["${id}"]` });
  expect([answer.status, received.requests[0]]).toEqual([200, { ids: [id] }]);
  const bad = await ask("/callbacks/", { method: "DELETE", body: `["${id}","x"]` });
  expect(await bad.json()).toMatchObject({ errors: [{ pointer: "/1", code: "BAD_FORMAT" }] });
});
