import { describe, expect, it } from "vitest";
import { webhookData, withoutOmitted } from "./webhook-data.ts";

const omission = new Map<string, "all" | Map<string, "all">>([
  ["movements", "all"],
  ["shipments", new Map([["facility_id", "all"]])],
]);

describe("the data of a webhook", () => {
  it("leaves out what is for topics only, wherever it is, and nothing else", () => {
    const data = {
      id: 1,
      movements: [1],
      shipments: [{ id: 2, facility_id: "f" }, null],
      facility_id: "stays",
    };
    expect(JSON.parse(withoutOmitted(JSON.stringify(data), omission))).toEqual({
      id: 1,
      shipments: [{ id: 2 }, null],
      facility_id: "stays",
    });
  });

  it.each([
    '{"b":1.0, "a":"\\u00fc ü", "big":12345678901234567890}',
    '{"note": "movements", "n":1.0}',
    '{"inner": {"movements": 1.0}}',
  ])("is the event's own text where nothing goes: %s", (text) =>
    expect(withoutOmitted(text, omission)).toBe(text),
  );

  it("of an order event has no movements", () =>
    expect(webhookData("orderEvent", '{"order_id":"o","movements":[{"quantity":1}],"status":"packed"}')).toBe(
      '{"order_id":"o","status":"packed"}',
    ));

  it("of a type that no proto describes is the event's own text", () =>
    expect(webhookData("somethingNew", '{"a":1.0}')).toBe('{"a":1.0}'));
});
