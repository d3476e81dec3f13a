import type { JsonSchema } from "@waybill/contract/schema.ts";
import { expect, test } from "vitest";
import { breaks } from "./breaking.ts";
import { openApiDocument } from "./openapi.ts";

type Change = (was: unknown) => unknown;

const released = openApiDocument();
const order = "components schemas Order";
const input = "components schemas OrderInput";
const gone: Change = () => undefined;
const to =
  (value: unknown): Change =>
  () =>
    value;
const withoutFirst: Change = (list) => (list as unknown[]).slice(1);

/** What it breaks to change the value at a place, whose keys are separated by spaces. */
function broken(place: string, change: Change): string {
  const current = structuredClone(released);
  const keys = place.split(" ");
  const parent = keys.slice(0, -1).reduce((at, key) => at[key] as JsonSchema, current);
  const key = keys.at(-1)!;
  const value = change(parent[key]);
  if (value === undefined) delete parent[key];
  else parent[key] = value;
  return breaks(released, current).join("\n");
}

test.each<[string, string, Change]>([
  ["nothing", "openapi", (was) => was],
  ["a new path", "paths /new", to({ get: { responses: {} } })],
  ["a new field of an answer", `${order} properties color`, to({ type: "string" })],
  ["a new optional field of a record", `${input} properties color`, to({ type: ["string", "null"] })],
  ["a higher limit", `${input} properties order_type maxLength`, to(60)],
  ["another description", `${order} description`, to("else")],
])("%s breaks nothing", (_name, place, change) => {
  expect(broken(place, change)).toBe("");
});

test.each<[string, string, Change, RegExp]>([
  ["a path that is gone", "paths /skus/{sku}", gone, /get \/skus\/\{sku\}: is gone/],
  ["a parameter that is gone", "paths /orders get parameters", withoutFirst, /query \w+: is gone/],
  ["a field of an answer that is gone", `${order} properties priority`, gone, /priority: is gone/],
  ["a field that may be null now", `${order} properties id type`, to(["string", "null"]), /null is new/],
  ["a field that may be missing now", `${order} required`, withoutFirst, /may be missing now/],
  ["a field that is required now", `${input} required`, to(["priority"]), /priority: is required/],
  ["a field that is not taken any more", `${input} properties priority`, gone, /priority: is gone/],
  ["a lower limit", `${input} properties order_type maxLength`, to(9), /maxLength is lower/],
  ["a value that is not taken any more", `${input} properties split_policy enum`, withoutFirst, /not taken/],
])("%s breaks clients", (_name, place, change, told) => {
  expect(broken(place, change)).toMatch(told);
});
