import { expect, test } from "vitest";
import { readOrderName } from "./order-name.ts";

test.each([
  ["8f1316d5-859f-4802-98b0-63d03a9517ac", { _id: "8f1316d5-859f-4802-98b0-63d03a9517ac" }],
  ["1000000000", { order_nr: 1_000_000_000 }],
  ["999999999", { storefront_id: 999_999_999 }],
  ["13", { storefront_id: 13 }],
  ["1234567890123456", { _id: "1234567890123456" }],
  ["-13", { _id: "-13" }],
])("an order is named by its UUID, order_nr or storefront_id: %s", (name, read) => {
  expect(readOrderName(name)).toEqual(read);
});
