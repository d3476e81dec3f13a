import { beforeAll, describe, expect, it } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const api = apiOf("batches");
const [order] = documentExample("001-create-orders");
const named = (customer_identifier: string, change: object = {}) => ({
  ...order,
  customer_identifier,
  ...change,
});

beforeAll(async () => {
  await api.post("/skus", [{ customer_identifier: "shirts872340" }]);
});

describe("a batch of orders", () => {
  it("answers for each record in its place, and a bad one fails alone", async () => {
    const { status, body } = await api.post("/orders", [
      named("good-1"),
      named("no-name", { shipping_address_name: null }),
      named("no-sku", { line_items: [{ sku_customer_id: "unknown", quantity: 1 }] }),
      named("no-lines", { line_items: [] }),
      named("odd-policies", { backorder_policy: "partial_ship", split_policy: "single_shipment" }),
      named("good-2"),
    ]);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      records_submitted: 6,
      records_processed: 6,
      records_failed: 4,
      records_succeeded: 2,
    });
    expect(body.results.map(({ code, pointer }: any) => [code, pointer])).toEqual([
      [null, null],
      ["REQUIRED", "/shipping_address_name"],
      ["SKU_NOT_FOUND", "/line_items/0/sku_customer_id"],
      ["REQUIRED", "/line_items"],
      ["POLICIES_CONTRADICT", "/split_policy"],
      [null, null],
    ]);
    const listed = await api.get("/orders?cid=good-1,good-2,no-name,no-sku,no-lines,odd-policies");
    expect(listed.body.data.map((found: any) => found.customer_identifier).sort()).toEqual([
      "good-1",
      "good-2",
    ]);
  });

  it("makes one order of one identifier: the same content is the same order, other content is refused", async () => {
    const { body } = await api.post("/orders", [
      named("twin"),
      named("twin"),
      named("twin", { priority: 7 }),
    ]);
    const [first, second, third] = body.results;
    expect(second.system_id).toBe(first.system_id);
    expect(third).toMatchObject({ status: "failure", code: "DUPLICATE_ORDER", system_id: null });
  });

  it("races of the same identifier leave one order and one clear answer each", async () => {
    const bodies = Array.from({ length: 20 }, (_, index) => [named("raced", { priority: 1 + (index % 2) })]);
    const answers = await Promise.all(bodies.map((body) => api.post("/orders", body)));
    const results = answers.map(({ body }) => body.results[0]);
    const ids = new Set(results.flatMap(({ system_id }) => system_id ?? []));
    expect(ids.size).toBe(1);
    const winners = results.filter(({ status }) => status === "success");
    const losers = results.filter(({ code }) => code === "DUPLICATE_ORDER");
    expect([winners.length, losers.length]).toEqual([10, 10]);
    expect((await api.get("/orders?cid=raced")).body.data).toHaveLength(1);
  });

  it("of 1,000 orders is created whole, and one of 1,001 is refused whole", async () => {
    const thousand = Array.from({ length: 1_000 }, (_, index) => named(`bulk-${index}`));
    const { body } = await api.post("/orders", thousand);
    expect(body).toMatchObject({ records_submitted: 1_000, records_succeeded: 1_000 });
    const refused = await api.post("/orders", [...thousand, named("bulk-1000")]);
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({
      code: "INVALID_REQUEST",
      errors: [{ pointer: "", code: "OUT_OF_RANGE" }],
    });
    expect((await api.get("/orders?cid=bulk-1000")).body.data).toEqual([]);
  });
});

describe("the list of orders", () => {
  it("walks by limit and offset, the last updated first, without gaps or repeats", async () => {
    const pages = await Promise.all([0, 2, 4].map((offset) => api.get(`/orders?limit=2&offset=${offset}`)));
    const whole = await api.get("/orders?limit=6");
    const walked = pages.flatMap(({ body }) => body.data);
    expect(walked).toEqual(whole.body.data);
    const times = walked.map(({ updated_at }) => updated_at);
    expect(times).toEqual(times.toSorted().toReversed());
  });

  it.each([
    ["limit=0", "limit"],
    ["limit=101", "limit"],
    ["limit=ten", "limit"],
    ["offset=-1", "offset"],
    ["list_type=long", "list_type"],
    ["sdt=yesterday", "sdt"],
    ["id=42", "id"],
    ["color=red", "color"],
  ])("refuses ?%s and names the parameter", async (query, parameter) => {
    const { status, headers, body } = await api.get(`/orders?${query}`);
    expect(status).toBe(400);
    expect(headers.get("content-type")).toContain("application/problem+json");
    expect(body).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    expect(body.errors[0].parameter).toMatch(new RegExp(`^${parameter}`));
  });
});

describe("what does not exist", () => {
  it.each([
    "/orders/01970000-0000-7000-8000-000000000000",
    "/orders/1999999999",
    "/orders/x%24ne",
    "/orders/x/events",
  ])("%s is 404 ORDER_NOT_FOUND", async (path) => {
    const { status, body } = await api.get(path);
    expect([status, body.code]).toEqual([404, "ORDER_NOT_FOUND"]);
  });
});
