import { EVENT_BYTES_MAX } from "@waybill/events/outbox.ts";
import { describe, expect, it } from "vitest";
import { followStock } from "./backorder.ts";
import { SHORTS_MAX } from "./lifecycle.ts";
import { fromStored, type OrderDocument } from "./order.ts";

const LINES = 500;

function anOrder(change: Partial<OrderDocument> = {}): OrderDocument {
  const stored = { _id: "order-1", tenant_id: "acme", version: 7, sequence: 9, status: "open" };
  return fromStored({ ...stored, ...change } as OrderDocument);
}

const shortOf = (id: string, quantity = 1) => ({
  order_line_item_id: id,
  sku_customer_id: id,
  sku_id: "sku",
  quantity,
});
const idsOf = (round: number) =>
  Array.from({ length: LINES }, (_, line) => `${round}-${line}`.padEnd(36, "x"));

/** The order after all of its lines were replaced by others of which a unit each was shorted. */
function replaced(order: OrderDocument, round: number) {
  const lineIds = idsOf(round);
  const shorts = lineIds.map((id) => shortOf(id));
  const linesRevision = order.stock_revision + 1;
  return followStock(order, { cause: "patched", backordered: false, shorts, linesRevision, lineIds });
}

describe("the shorts of an order for want of stock", () => {
  it("are one for each line, with all of its units", () => {
    let order = anOrder({ shorts: [{ ...shortOf("hat", 4), reason: "damage" }] });
    for (const quantity of [1, 2]) {
      const facts = { cause: "patched", backordered: false, linesRevision: quantity, lineIds: ["hat"] };
      const { state, events } = followStock(order, { ...facts, shorts: [shortOf("hat", quantity)] });
      expect(events).toMatchObject([{ type: "waybill.order.shorted.v1" }]);
      order = state;
    }
    expect(order.shorts.map(({ reason, quantity }) => [reason, quantity])).toEqual([
      ["damage", 4],
      ["insufficient_inventory", 3],
    ]);
  });

  it("never grow past an event: first those of lines that are gone are forgotten, the oldest first", () => {
    let order = anOrder();
    for (let round = 1; round <= 5; round += 1) order = replaced(order, round).state;
    expect(order.shorts).toHaveLength(SHORTS_MAX);
    const left = order.shorts.map(({ order_line_item_id }) => order_line_item_id);
    expect(left).toEqual([...idsOf(4), ...idsOf(5)]);
    const [event] = replaced(order, 6).events;
    // The other half is that of the record.
    expect(JSON.stringify(event!.data).length).toBeLessThan(EVENT_BYTES_MAX / 2);
  });

  it("are all kept of lines that the order has", () => {
    const lineIds = idsOf(1);
    const known = lineIds.flatMap((id) => ["damage", "lost"].map((reason) => ({ ...shortOf(id), reason })));
    const shorts = lineIds.map((id) => shortOf(id));
    const facts = { cause: "patched", backordered: false, shorts, linesRevision: 1, lineIds };
    expect(followStock(anOrder({ shorts: known }), facts).state.shorts).toHaveLength(3 * LINES);
  });
});
