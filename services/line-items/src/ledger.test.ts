import { LineItem, OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import { Sku } from "@waybill/proto/line_items/v1/skus.ts";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { countersOf, follow, noUnits, toEntry, type LedgerEntryDocument } from "./ledger.ts";
import { createOrderLines, followEntries, rebuildLedger, type OrderLinesDocument } from "./order-lines.ts";
import { createSku } from "./sku.ts";

const empty = new Uint8Array();
const now = "2024-05-01T00:00:00.000Z";
const tea = createSku(
  { ...Sku.decode(empty), customer_identifier: "tea", catalog_price: "2.5" },
  { id: "sku-tea", tenantId: "acme", fingerprint: "", now },
).state;
const skus = { byId: new Map([["sku-tea", tea]]), byCustomerIdentifier: new Map() };

function lines(...quantities: number[]): OrderLinesDocument {
  const line_items = quantities.map((quantity) => ({
    ...LineItem.decode(empty),
    sku_id: "sku-tea",
    quantity,
  }));
  const line_ids = quantities.map((_, index) => `line-${index}`);
  const request = { ...OrderLines.decode(empty), order_id: "order-1", line_items, line_ids };
  return createOrderLines("acme", request, skus, now);
}

function move(line: number, kind: string, quantity: number): Movement {
  return { order_line_item_id: `line-${line}`, kind, quantity, grouping_id: null };
}

function entry(sequence: number, ...movements: Movement[]): LedgerEntryDocument {
  return { _id: `event-${sequence}`, tenant_id: "acme", order_id: "order-1", sequence, time: now, movements };
}

/** Follows entries one by one, as the consumer does. */
function followAll(
  document: OrderLinesDocument,
  entries: readonly LedgerEntryDocument[],
): OrderLinesDocument {
  return entries.reduce((current, next) => followEntries(current, [next]).state, document);
}

describe("the counters of a line follow from its entries", () => {
  it.each<[what: string, movements: Movement[], counters: object]>([
    ["nothing moved", [], { outstanding: 10 }],
    ["shipped", [move(0, "fulfilled", 4)], { outstanding: 6, fulfilled: 4 }],
    ["shorted", [move(0, "shorted", 3)], { outstanding: 7, shorted: 3 }],
    ["canceled", [move(0, "canceled", 10)], { outstanding: 0, canceled: 10 }],
    [
      "on its way back",
      [move(0, "fulfilled", 4), move(0, "returning", 2)],
      { outstanding: 6, fulfilled: 4, returning: 2 },
    ],
    [
      "come back",
      [move(0, "fulfilled", 4), move(0, "returning", 2), move(0, "returned", 2)],
      { outstanding: 6, fulfilled: 4, returned: 2 },
    ],
    [
      "kept after all",
      [move(0, "fulfilled", 4), move(0, "returning", 2), move(0, "return_canceled", 2)],
      { outstanding: 6, fulfilled: 4 },
    ],
  ])("%s", (_, movements, counters) => {
    const { state } = followEntries(lines(10), [entry(2, ...movements)]);
    const all = {
      outstanding: 0,
      fulfilled: 0,
      shorted: 0,
      canceled: 0,
      returning: 0,
      returned: 0,
      ...counters,
    };
    expect(state.lines[0]).toMatchObject(
      Object.fromEntries(Object.entries(all).map(([name, units]) => [`uom_quantity_${name}`, units])),
    );
  });
});

test("the event tells all lines, the movements, and the order event that was followed", () => {
  const { state, events } = followEntries(lines(10, 3), [entry(7, move(1, "fulfilled", 3))]);
  expect(events).toMatchObject([
    {
      type: "waybill.line_items.moved.v1",
      data: {
        order_id: "order-1",
        cause: "ledger",
        order_sequence: 7,
        movements: [move(1, "fulfilled", 3)],
        lines: [
          { id: "line-0", version: 1 },
          { id: "line-1", version: 2, uom_quantity_fulfilled: 3 },
        ],
      },
    },
  ]);
  expect(state.order_sequence).toBe(7);
});

test("no more units are shorted of a line than an update has left it", () => {
  expect(countersOf(2, { ...noUnits, shorted: 3 })).toMatchObject({
    uom_quantity_outstanding: 0,
    uom_quantity_shorted: 2,
  });
});

test("movements of lines that were replaced are in no counter, and change nothing else", () => {
  const { state } = followEntries(lines(10), [entry(2, move(9, "shorted", 3))]);
  expect(state.lines).toEqual(lines(10).lines.map((line) => ({ ...line, references: expect.anything() })));
  expect(state.ledger).toEqual({});
});

test("a movement of an unknown kind is no entry that could be followed", () => {
  expect(() => follow({}, [move(0, "toString", 1)])).toThrow("unknown kind");
});

test("an event without movements moves nothing", () => {
  const event = { id: "e", sequence: 1, time: now, data: '{"status":"open"}' };
  expect(toEntry("acme", "order-1", event).movements).toEqual([]);
});

/** What a warehouse may do with the units of a line, one step after the other, as the orders service allows. */
const steps = fc.array(
  fc.record({
    line: fc.nat({ max: 2 }),
    kind: fc.constantFrom("fulfilled", "shorted", "canceled", "returning", "returned", "return_canceled"),
    wish: fc.integer({ min: 1, max: 6 }),
  }),
  { maxLength: 30 },
);

/** The entries of those steps, each for as many units as there are. */
function legalEntries(document: OrderLinesDocument, wishes: { line: number; kind: string; wish: number }[]) {
  const entries: LedgerEntryDocument[] = [];
  for (const { line, kind, wish } of wishes) {
    const now = followAll(document, entries).lines[line]!;
    const atHome = now.uom_quantity_fulfilled! - now.uom_quantity_returning! - now.uom_quantity_returned!;
    const taken = kind === "returning" ? atHome : now.uom_quantity_returning!;
    const there = kind.startsWith("return") ? taken : now.uom_quantity_outstanding!;
    const quantity = Math.min(wish, there);
    if (quantity > 0) entries.push(entry(entries.length + 2, move(line, kind, quantity)));
  }
  return entries;
}

test("under any steps the sums hold: ordered = outstanding + fulfilled + shorted + canceled, and none below 0", () => {
  fc.assert(
    fc.property(steps, (wishes) => {
      const document = lines(5, 9, 1);
      for (const line of followAll(document, legalEntries(document, wishes)).lines) {
        const sum =
          line.uom_quantity_outstanding! +
          line.uom_quantity_fulfilled! +
          line.uom_quantity_shorted! +
          line.uom_quantity_canceled!;
        expect(sum).toBe(line.quantity);
        expect(line.uom_quantity_returning! + line.uom_quantity_returned!).toBeLessThanOrEqual(
          line.uom_quantity_fulfilled!,
        );
        const counters = Object.entries(line).filter(([name]) => name.startsWith("uom_quantity_"));
        expect(counters.filter(([, units]) => (units as number) < 0)).toEqual([]);
      }
    }),
  );
});

test("a rebuild from the entries gives the identical lines, and finds nothing to change", () => {
  fc.assert(
    fc.property(steps, fc.nat({ max: 2 }), (wishes, broken) => {
      const document = lines(5, 9, 1);
      const entries = legalEntries(document, wishes);
      const followed = followAll(document, entries);
      expect(rebuildLedger(followed, entries)).toEqual({ state: followed, events: [] });
      const damaged = followed.lines.map((line, index) =>
        index === broken ? { ...line, uom_quantity_fulfilled: 77, uom_quantity_outstanding: 0 } : line,
      );
      const { state, events } = rebuildLedger({ ...followed, lines: damaged, ledger: {} }, entries);
      expect(state.ledger).toEqual(followed.ledger);
      expect(state.lines.map(({ version: _, ...line }) => line)).toEqual(
        followed.lines.map(({ version: _, ...line }) => line),
      );
      expect(events).toMatchObject([{ type: "waybill.line_items.moved.v1", data: { cause: "rebuilt" } }]);
    }),
  );
});
