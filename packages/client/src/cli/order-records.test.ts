import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { gather } from "../../test/gather.ts";
import { formatOf, readRecords, type Format, type SourceRecord } from "./order-records.ts";

async function recordsOf(content: string, format: Format): Promise<SourceRecord[]> {
  const folder = mkdtempSync(join(tmpdir(), "waybill-records-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "orders"), content);
  return gather(readRecords(join(folder, "orders"), format));
}

describe("a file of orders", () => {
  it("is of the format that its name tells", () => {
    expect(["a.json", "b.NDJSON", "c.jsonl", "d.csv"].map(formatOf)).toEqual([
      "json",
      "ndjson",
      "ndjson",
      "csv",
    ]);
    expect(() => formatOf("orders.txt")).toThrow("--format");
  });

  it("of NDJSON is one order a line; what is no JSON is known by its line", async () => {
    expect(await recordsOf('{"a":"é"}\r\n\n{broken\n{"b":2}', "ndjson")).toEqual([
      { line: 1, order: { a: "é" } },
      { line: 3, order: undefined },
      { line: 4, order: { b: 2 } },
    ]);
  });

  it("of NDJSON without a line's end is refused before it fills the memory", async () => {
    await expect(recordsOf("x".repeat(2_100_000), "ndjson")).rejects.toThrow("line 1 is too long");
  });

  it("of JSON is an array, or one order", async () => {
    expect(await recordsOf("[1, 2]", "json")).toEqual([
      { line: null, order: 1 },
      { line: null, order: 2 },
    ]);
    expect(await recordsOf("{}", "json")).toEqual([{ line: null, order: {} }]);
    await expect(recordsOf("[1,", "json")).rejects.toThrow("is not JSON");
  });

  it("of CSV is one line item a row, and rows of one identifier are one order", async () => {
    const rows = [
      "customer_identifier,priority,gift_message,value_added_services,sku_customer_id,quantity",
      'o1,5,"For ""you"", with love",wrap|card,s1,2',
      "o1,,,,s2,1",
      "o2,high,,,s1,",
      "o1,,,,s3,1",
    ];
    expect(await recordsOf(rows.join("\n"), "csv")).toEqual([
      {
        line: 2,
        order: {
          customer_identifier: "o1",
          priority: 5,
          gift_message: 'For "you", with love',
          value_added_services: ["wrap", "card"],
          line_items: [
            { sku_customer_id: "s1", quantity: 2 },
            { sku_customer_id: "s2", quantity: 1 },
          ],
        },
      },
      {
        line: 4,
        order: { customer_identifier: "o2", priority: "high", line_items: [{ sku_customer_id: "s1" }] },
      },
      { line: 5, order: { customer_identifier: "o1", line_items: [{ sku_customer_id: "s3", quantity: 1 }] } },
    ]);
  });
});
