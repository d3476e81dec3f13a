import { DomainError } from "@waybill/errors/domain-error.ts";
import { LineItem, OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import { Sku } from "@waybill/proto/line_items/v1/skus.ts";
import { describe, expect, it, test } from "vitest";
import { noUnits } from "./ledger.ts";
import type { KnownSkus } from "./line.ts";
import {
  abandonReplacement,
  createOrderLines,
  reopen,
  replaceLines,
  seal,
  toOrderLines,
} from "./order-lines.ts";
import { createSku, type SkuDocument } from "./sku.ts";

const empty = new Uint8Array();
const now = "2024-05-01T00:00:00.000Z";
const tea = sku("sku-tea", {
  customer_identifier: "tea",
  description: "Tea",
  catalog_price: "22.42",
  tax_rate: "10.0",
});
const paper = sku("sku-paper", {
  customer_identifier: "paper",
  unit: "pallet",
  base_unit: "sheet",
  base_units_per_unit: 8_500,
  price_units_per_unit: 15,
  catalog_price: "503.02",
});
const known: KnownSkus = {
  byId: new Map([tea, paper].map((document) => [document._id, document])),
  byCustomerIdentifier: new Map([tea, paper].map((document) => [document.customer_identifier, document])),
};

function sku(id: string, record: Partial<Sku>): SkuDocument {
  return createSku({ ...Sku.decode(empty), ...record }, { id, tenantId: "acme", fingerprint: "", now }).state;
}

function create(patches: Partial<LineItem>[], skus = known) {
  const line_items = patches.map((patch) => ({ ...LineItem.decode(empty), quantity: 1, ...patch }));
  const line_ids = patches.map((_, index) => `line-${index}`);
  return createOrderLines(
    "acme",
    { ...OrderLines.decode(empty), order_id: "order-1", order_reference: "CO/ABCDEF", line_items, line_ids },
    skus,
    now,
  );
}

function refusalOf(patches: Partial<LineItem>[]): unknown {
  try {
    return create(patches);
  } catch (error) {
    return error;
  }
}

describe("a line names its SKU", () => {
  it.each<[how: string, names: Partial<LineItem>]>([
    ["by sku_id", { sku_id: "sku-tea" }],
    ["by sku_customer_id", { sku_customer_id: "tea" }],
    ["by both, which agree", { sku_id: "sku-tea", sku_customer_id: "tea" }],
  ])("%s, and shows both", (_, names) =>
    expect(create([names]).lines[0]).toMatchObject({
      sku_id: "sku-tea",
      sku_customer_id: "tea",
      description: "Tea",
    }),
  );
});

describe("a line that cannot be is refused at its place in the order", () => {
  it.each<[what: string, line: Partial<LineItem>, code: string, field: string]>([
    ["no name", {}, "REQUIRED", "sku_customer_id"],
    ["no such name", { sku_customer_id: "coffee" }, "SKU_NOT_FOUND", "sku_customer_id"],
    ["no such id", { sku_id: "sku-coffee" }, "SKU_NOT_FOUND", "sku_id"],
    [
      "a known name with an unknown id",
      { sku_customer_id: "tea", sku_id: "sku-coffee" },
      "SKU_NOT_FOUND",
      "sku_id",
    ],
    ["two SKUs", { sku_customer_id: "tea", sku_id: "sku-paper" }, "SKU_MISMATCH", "sku_id"],
    ["a name as id", { sku_id: "tea" }, "SKU_NOT_FOUND", "sku_id"],
    ["too many base units", { sku_customer_id: "paper", quantity: 1_176_471 }, "OUT_OF_RANGE", "quantity"],
    ["far too many", { sku_customer_id: "paper", quantity: 9_999_999_999 }, "OUT_OF_RANGE", "quantity"],
  ])("%s", (_, line, code, field) => {
    const refusal = refusalOf([{ sku_customer_id: "tea" }, line]);
    expect(refusal).toBeInstanceOf(DomainError);
    expect(refusal).toMatchObject({ code, violations: [{ code, pointer: `/line_items/1/${field}` }] });
  });
});

test("base units go up to ten digits", () => {
  expect(create([{ sku_id: "sku-tea", quantity: 9_999_999_999 }]).lines[0]!.amount_in_base_unit).toBe(
    9_999_999_999,
  );
  expect(create([{ sku_id: "sku-paper", quantity: 1_176_470 }]).lines[0]!.amount_in_base_unit).toBe(
    9_999_995_000,
  );
});

test("a line has its SKU's text, units and price of that moment", () => {
  const [line] = create([{ sku_customer_id: "paper", quantity: 15 }]).lines;
  expect(line).toMatchObject({
    quantity: 15,
    unit: "pallet",
    base_unit: "sheet",
    amount_in_base_unit: 127_500,
    currency: "EUR",
    catalog_price: "503.02",
    price_units_per_unit: 15,
    total_net_price: "113179.5",
    tax_rate: null,
    taxes: null,
    total_gross_price: null,
    confirmed_price: null,
  });
  expect(create([{ sku_id: "sku-tea", quantity: 10 }]).lines[0]).toMatchObject({
    total_net_price: "224.2",
    taxes: "22.42",
    total_gross_price: "246.62",
  });
});

describe("a line's order_number is the supplier's, else the SKU's own", () => {
  it.each<[numbers: Partial<Sku>, shown: string | null]>([
    [{ order_number: "own", supplier_order_number: "supplier" }, "supplier"],
    [{ supplier_order_number: "supplier" }, "supplier"],
    [{ order_number: "own" }, "own"],
    [{}, null],
  ])("%j: %s", (numbers, shown) => {
    const document = sku("sku-1", { customer_identifier: "one", ...numbers });
    const skus = { byId: new Map([["sku-1", document]]), byCustomerIdentifier: new Map() };
    expect(create([{ sku_id: "sku-1" }], skus).lines[0]!.order_number).toBe(shown);
  });
});

test("what was sent with a line stays: its dates and where it may be picked from", () => {
  const pick_from = [{ match_type: "lot_number", match_value: ["L1"], match_style: "hard" }];
  const dates = { promised_delivery_date: now, estimated_delivery_date: now };
  expect(create([{ sku_id: "sku-tea", pick_from, ...dates }]).lines[0]).toMatchObject({
    pick_from,
    ...dates,
  });
});

test("lines keep their order and get the ids that the caller chose, each its own reference", () => {
  const { lines } = create([{ sku_id: "sku-tea" }, { sku_id: "sku-paper" }, { sku_id: "sku-tea" }]);
  expect(lines.map(({ id, sku_id }) => [id, sku_id])).toEqual([
    ["line-0", "sku-tea"],
    ["line-1", "sku-paper"],
    ["line-2", "sku-tea"],
  ]);
  const references = lines.flatMap((line) => line.references);
  expect(references.filter((reference) => !/^COL\/[A-Z0-9]{6}$/.test(reference))).toEqual([]);
  expect(references).toHaveLength(3);
});

test("the lines of a new order are open, under the order's id, in revision 1", () => {
  const document = create([{ sku_id: "sku-tea" }]);
  expect(document).toMatchObject({
    _id: "order-1",
    tenant_id: "acme",
    open: true,
    version: 1,
    updated_at: now,
  });
  expect(toOrderLines(document)).toEqual({
    order_id: "order-1",
    line_items: document.lines,
    line_ids: [],
    order_reference: "CO/ABCDEF",
    lines_revision: 1,
    lines_sequence: 0,
    order_sequence: 0,
  });
});

test("a line that was stored before a field existed shows that field as null", () => {
  const { lines: _lines, ...document } = create([]);
  const old = { id: "line-0", quantity: 1 } as LineItem;
  const [shown] = toOrderLines({ ...document, lines: [old] }).line_items;
  expect(shown).toEqual({ ...LineItem.decode(empty), id: "line-0", quantity: 1 });
});

describe("replacing an order's lines", () => {
  const replace = (
    patches: Partial<LineItem>[],
    document = create([{ sku_id: "sku-tea" }]),
    request_id = "r1",
  ) =>
    replaceLines(
      { ...document, version: document.version + 1, updated_at: later },
      {
        order_id: "order-1",
        request_id,
        line_items: patches.map((patch) => ({ ...LineItem.decode(empty), quantity: 1, ...patch })),
      },
      patches.map((_, index) => `new-${index}`),
      known,
    );
  const later = "2024-05-02T00:00:00.000Z";

  it("keeps the lines of a SKU in their order, with id and price, and adds the others", () => {
    const before = create([
      { sku_id: "sku-tea" },
      { sku_id: "sku-paper" },
      { sku_id: "sku-tea", quantity: 7 },
    ]);
    const { state } = replace(
      [
        { sku_id: "sku-paper", quantity: 2 },
        { sku_customer_id: "tea", quantity: 3 },
        { sku_id: "sku-tea", quantity: 7 },
        { sku_id: "sku-tea", quantity: 9 },
      ],
      before,
    );
    expect(state.lines.map(({ id, quantity, version }) => [id, quantity, version])).toEqual([
      ["line-1", 2, 2],
      ["line-0", 3, 2],
      ["line-2", 7, 1],
      ["new-3", 9, 1],
    ]);
    expect(state.lines[1]).toMatchObject({
      references: before.lines[0]!.references,
      total_net_price: "67.26",
      created_at: now,
      updated_at: later,
    });
  });

  it("is one event with all lines, and one revision", () => {
    const { state, events } = replace([{ sku_id: "sku-tea", quantity: 2 }]);
    expect(events).toMatchObject([
      {
        type: "waybill.line_items.changed.v1",
        data: {
          order_id: "order-1",
          lines_revision: 2,
          cause: "replaced",
          lines: [{ id: "line-0", quantity: 2 }],
        },
      },
    ]);
    expect(state.version).toBe(2);
  });

  it("changes nothing when its request was done before", () => {
    const once = replace([{ sku_id: "sku-tea", quantity: 2 }]).state;
    const again = replace([{ sku_id: "sku-paper" }], once);
    expect(again.state.lines).toEqual(once.lines);
    expect(again.events).toEqual([]);
  });

  it("is refused when it was given up, and cannot be given up when it was done", () => {
    const document = create([{ sku_id: "sku-tea" }]);
    const { state: abandoned, events } = abandonReplacement(document, "r1");
    expect([abandoned.lines, events]).toEqual([document.lines, []]);
    expect(() => replace([{ sku_id: "sku-tea" }], abandoned)).toThrowError(
      expect.objectContaining({ code: "REPLACEMENT_ABANDONED" }),
    );
    expect(replace([{ sku_id: "sku-paper" }], abandoned, "r2").state.lines).toHaveLength(1);
    const done = replace([{ sku_id: "sku-paper" }], document).state;
    expect(abandonReplacement(done, "r1").state).toBe(done);
  });

  it("keeps a line whose SKU was retired, but takes no new one of it", () => {
    const retired = { ...tea, retired_at: now };
    const skus = { byId: new Map([["sku-tea", retired]]), byCustomerIdentifier: new Map() };
    const line = { ...LineItem.decode(empty), sku_id: "sku-tea", quantity: 4 };
    const request = { order_id: "order-1", request_id: "r1", line_items: [line] };
    const { state } = replaceLines(create([{ sku_id: "sku-tea" }]), request, ["new"], skus);
    expect(state.lines).toMatchObject([{ id: "line-0", quantity: 4 }]);
    expect(() => replaceLines(create([]), request, ["new"], skus)).toThrowError(
      expect.objectContaining({ code: "SKU_RETIRED" }),
    );
  });

  it("keeps what was shorted of a line that stays, and forgets it of one that goes", () => {
    const document = create([
      { sku_id: "sku-tea", quantity: 9 },
      { sku_id: "sku-paper", quantity: 2 },
    ]);
    const shorted = { ...noUnits, shorted: 3 };
    const before = { ...document, ledger: { "line-0": shorted, "line-1": shorted } };
    const { state } = replace([{ sku_id: "sku-tea", quantity: 5 }], before);
    expect(state.lines).toMatchObject([{ uom_quantity_outstanding: 2, uom_quantity_shorted: 3 }]);
    expect(state.ledger).toEqual({ "line-0": shorted });
  });
});

test("lines that no event could carry are refused", () => {
  const pick_from = [
    {
      match_type: "lot_number",
      match_style: "hard",
      match_value: Array.from({ length: 100 }, () => "x".repeat(200)),
    },
  ];
  const line = { sku_id: "sku-tea", pick_from };
  expect(refusalOf(Array.from({ length: 30 }, () => line))).not.toBeInstanceOf(DomainError);
  expect(refusalOf(Array.from({ length: 40 }, () => line))).toMatchObject({ code: "RECORD_TOO_LARGE" });
});

test("a seal is lifted only if nobody renewed it", () => {
  const sealed = seal({ ...create([]), updated_at: now }).state;
  expect(sealed).toMatchObject({ open: false, sealed_at: now });
  expect(reopen(sealed, now).state).toMatchObject({ open: true, sealed_at: null });
  const renewed = seal({ ...sealed, updated_at: "2024-05-01T00:01:00.000Z" }).state;
  expect(reopen(renewed, now).state).toBe(renewed);
});
