import { expect, test } from "vitest";
import { descriptors, fieldRules } from "./descriptors.ts";

const [order, update] = ["Order", "OrderUpdate"].map((name) =>
  descriptors.getMessage(`waybill.orders.v1.${name}`)!,
);

test("an update takes every field that an order is created with, under the same number, type and rules", () => {
  const settable = order!.fields.filter((field) => !fieldRules(field).output_only);
  const facts = ({ name, number, fieldKind, scalar, message }: (typeof settable)[number]) => {
    return { name, number, fieldKind, scalar, message: message?.typeName };
  };
  const ofUpdate = new Map(update!.fields.map((field) => [field.name, field]));
  for (const field of settable) {
    const same = ofUpdate.get(field.name);
    expect(same && { ...facts(same), rules: fieldRules(same) }).toEqual({
      ...facts(field),
      rules: fieldRules(field),
    });
  }
  const names = new Set(settable.map(({ name }) => name));
  expect([...ofUpdate.keys()].filter((name) => !names.has(name))).toEqual(["base_version"]);
});
