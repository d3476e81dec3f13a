import { beforeAll, describe, expect, it } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const api = apiOf("create-and-read");
const [example] = documentExample("001-create-orders");
const named = (customer_identifier: string, change: object = {}) => ({
  ...example,
  customer_identifier,
  ...change,
});
const codes = ({ body }: any) => body.results.map(({ code }: any) => code);

async function created(...records: object[]): Promise<string[]> {
  const { body } = await api.post("/orders", records);
  return body.results.map(({ system_id }: any) => system_id);
}

beforeAll(async () => {
  await api.post("/skus", [{ customer_identifier: "shirts872340" }]);
});

describe("the parts of an order that 001 Orders shows", () => {
  it("address fields are returned as they were sent, for shipping and billing", async () => {
    const shipping = documentExample("001-address-fields");
    const billing = Object.fromEntries(
      Object.entries(shipping).map(([key, value]) => [key.replace("shipping", "billing"), value]),
    );
    const [id] = await created(named("addressed", { ...shipping, ...billing }));
    expect((await api.get(`/orders/${id}`)).body).toMatchObject({ ...shipping, ...billing });
  });

  it("line items are returned as they were sent, times in UTC", async () => {
    const line_items = documentExample("001-line-items");
    const [id] = await created(named("lined", { line_items }));
    const utc = line_items.map((line: any) => ({
      ...line,
      promised_delivery_date: "2018-08-15T17:32:28.000Z",
      estimated_delivery_date: "2018-08-15T17:32:28.000Z",
    }));
    expect((await api.get(`/orders/${id}`)).body.line_items).toMatchObject(utc);
  });

  it("pick_from constraints are returned as they were sent", async () => {
    const { pick_from } = documentExample("001-pick-from");
    const [id] = await created(named("picky", { line_items: [{ ...example.line_items[0], pick_from }] }));
    expect((await api.get(`/orders/${id}`)).body.line_items[0].pick_from).toEqual(pick_from);
  });

  it.each([
    ["backorder_policy", ["cancel_shorts", "backorder", "partial_ship"], "backorder"],
    ["routing_policy", ["least_cost", "fastest", "specific_facility"], "least_cost"],
    ["split_policy", ["single_shipment", "allow_splits", "minimize_splits"], "minimize_splits"],
  ])("%s is one of the documented ones, and has a default", async (field, policies, usual) => {
    const orders = [...policies, null].map((policy) => named(`${field}-${policy}`, { [field]: policy }));
    const ids = await created(...orders);
    const shown = await Promise.all(ids.map((id) => api.get(`/orders/${id}`)));
    expect(shown.map(({ body }) => body[field])).toEqual([...policies, usual]);
    expect(codes(await api.post("/orders", [named("odd", { [field]: "other" })]))).toEqual(["NOT_ALLOWED"]);
  });

  it("what is optional may be left out, and is null or its default", async () => {
    const optional = ["priority", "value_added_services", "special_instructions", "gift_message"];
    const least = Object.fromEntries(
      Object.entries(named("least")).filter(([key]) => !optional.includes(key)),
    );
    const [id] = await created(least);
    expect((await api.get(`/orders/${id}`)).body).toMatchObject({
      priority: 100,
      value_added_services: [],
      special_instructions: null,
      gift_message: null,
      order_localization: {},
    });
  });

  it("each required field that is missing fails its record, and is named", async () => {
    const address = ["name", "street_line_one", "city", "locale", "postal_code", "country_code", "type"];
    const required = [
      "customer_identifier",
      "order_type",
      "shipping_provider",
      "shipper_service_level",
      ...address.map((part) => `shipping_address_${part}`),
      ...address.map((part) => `billing_address_${part}`),
      "submitted_at",
      "line_items",
    ];
    const { body } = await api.post(
      "/orders",
      required.map((field) => named(`without-${field}`, { [field]: null })),
    );
    expect(body.results.map(({ code, pointer }: any) => [code, pointer])).toEqual(
      required.map((field) => ["REQUIRED", `/${field}`]),
    );
  });
});

describe("the answer of POST /orders", () => {
  it("warns of what looks doubtful, and creates the order all the same", async () => {
    const doubtful = { shipping_address_postal_code: "7", billing_address_phone_number: "12" };
    const { body } = await api.post("/orders", [named("doubtful", doubtful)]);
    expect(body.results).toMatchObject([{ status: "success", code: null }]);
    expect(body.results[0].warnings).toEqual([
      expect.stringContaining("shipping_address_postal_code"),
      expect.stringContaining("billing_address_phone_number"),
    ]);
  });

  it("with mode=atomic is 200 also when one record failed and none was created", async () => {
    const records = [named("atomic-1"), named("atomic-2", { line_items: [] })];
    const refused = await api.post("/orders?mode=atomic", records);
    expect([refused.status, codes(refused)]).toEqual([200, ["ATOMIC_ABORTED", "REQUIRED"]]);
    expect((await api.get("/orders?cid=atomic-1,atomic-2")).body.data).toEqual([]);
    const mended = await api.post("/orders?mode=atomic", [named("atomic-1"), named("atomic-2")]);
    expect(mended.body).toMatchObject({ records_succeeded: 2 });
  });

  it("with mode=validate_only tells everything and stores nothing", async () => {
    const records = [
      named("tried"),
      named("tried-sku", { line_items: [{ sku_customer_id: "no", quantity: 1 }] }),
    ];
    const tried = await api.post("/orders?mode=validate_only", records);
    expect([tried.status, codes(tried)]).toEqual([200, [null, "SKU_NOT_FOUND"]]);
    expect((await api.get("/orders?cid=tried,tried-sku")).body.data).toEqual([]);
  });

  it("with another mode is refused, and mode is named", async () => {
    const { status, body } = await api.post("/orders?mode=some", [named("moded")]);
    expect([status, body.errors]).toMatchObject([400, [{ parameter: "mode", code: "NOT_ALLOWED" }]]);
  });
});

describe("GET /orders", () => {
  it("walks by cursor to its end, with what the document names around the data", async () => {
    await created(...["c1", "c2", "c3"].map((name) => named(name)));
    const first = await api.get("/orders?cid=c1,c2,c3&limit=2&include_counts=true&sort=updated_at");
    expect(first.body).toMatchObject({
      limit: 2,
      offset: 0,
      list_type: "detail",
      include_counts: true,
      total: 3,
    });
    const rest = await api.get(
      `/orders?cid=c1,c2,c3&limit=2&sort=updated_at&cursor=${first.body.next_cursor}`,
    );
    expect(rest.body.next_cursor).toBeNull();
    const names = [...first.body.data, ...rest.body.data].map((order: any) => order.customer_identifier);
    expect(names.sort()).toEqual(["c1", "c2", "c3"]);
  });

  it.each([
    ["edt=tomorrow", "edt"],
    ["sdt=2020-01-02T00:00:00Z&edt=2020-01-01T00:00:00Z", "edt"],
    ["cursor=none", "cursor"],
    ["sort=created_at", "sort"],
    ["include_counts=maybe", "include_counts"],
    ["status=lost", "status"],
    ["offset=100001", "offset"],
    [`id=${Array.from({ length: 31 }, () => "01970000-0000-7000-8000-000000000000").join(",")}`, "id"],
  ])("refuses ?%s and names the parameter", async (query, parameter) => {
    const { status, body } = await api.get(`/orders?${query}`);
    expect([status, body.errors[0].parameter]).toEqual([400, parameter]);
  });
});

describe("GET /orders/{order}", () => {
  it("has the ETag of its version and lines_revision", async () => {
    const [id] = await created(named("tagged"));
    const { headers, body } = await api.get(`/orders/${id}`);
    expect(headers.get("etag")).toBe(`"${body.version}.${body.lines_revision}"`);
    expect(body.allowed_actions).toContain("cancel");
  });

  it("shipments is empty before anything left", async () => {
    const [id] = await created(named("unshipped"));
    expect((await api.get(`/orders/${id}/shipments`)).body).toEqual({ data: [], shorts: [] });
  });
});
