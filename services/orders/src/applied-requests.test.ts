import { expect, test } from "vitest";
import { appliedRequest, wasApplied, withApplied } from "./applied-requests.ts";

const ship = appliedRequest("ship", "1", { shipment: { shipment_id: "a" } });

test("a request is known again by its name, its id and its content", () => {
  const applied = withApplied([], ship);
  expect(wasApplied([], ship)).toBe(false);
  expect(wasApplied(applied, ship)).toBe(true);
  expect(wasApplied(applied, appliedRequest("short", "1", {}))).toBe(false);
});

test("the same id with other content is refused", () => {
  const other = appliedRequest("ship", "1", { shipment: { shipment_id: "b" } });
  expect(() => wasApplied([ship], other)).toThrow(expect.objectContaining({ code: "REQUEST_ID_REUSED" }));
});

test("of very many the oldest are forgotten", () => {
  const many = Array.from({ length: 501 }, (_, index) => appliedRequest("ship", String(index), {}));
  const kept = many.reduce(withApplied, []);
  expect(kept).toHaveLength(500);
  expect(wasApplied(kept, many[0]!)).toBe(false);
  expect(wasApplied(kept, many[500]!)).toBe(true);
});
