import { expect, test } from "vitest";
import { hasUnknownVersion } from "./events.ts";

test.each([
  ["waybill.orders.v1", "waybill.order.shipped.v1", false],
  ["waybill.orders.v1", "waybill.order.shipped.v2", true],
  ["waybill.orders.v1", "waybill.order.shipped.v10", true],
  ["waybill.orders.v1", "waybill.order.shipped", true],
  ["waybill.orders.v1", "waybill.order.teleported.v1", false],
  ["waybill.orders.v1", "waybill.order.ship.v1", false],
  ["waybill.line-items.v1", "waybill.order.shipped.v2", false],
  ["waybill.line-items.v1", "waybill.sku.updated.v2", true],
  ["waybill.orders.v1", "toString", false],
] as const)("on %s a %s has an unknown version: %s", (topic, type, isUnknown) => {
  expect(hasUnknownVersion(topic, type)).toBe(isUnknown);
});
