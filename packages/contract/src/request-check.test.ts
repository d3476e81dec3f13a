import { Sku, type CreateSkusRequest } from "@waybill/proto/line_items/v1/skus.ts";
import { ListOrdersRequest } from "@waybill/proto/orders/v1/orders.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { descriptors } from "./descriptors.ts";
import { methods } from "./methods.ts";
import { recordFailure, requestCheck } from "./request-check.ts";
import { recordsField } from "./rules-schema.ts";
import { checkOf } from "./schema.ts";
import { shapeSchema } from "./shape-schema.ts";

const empty = new Uint8Array();
const checkSkus = requestCheck(descriptors.getMessage("waybill.line_items.v1.CreateSkusRequest")!);
const checkLines = requestCheck(descriptors.getMessage("waybill.line_items.v1.CreateLineItemsRequest")!);
const checkList = requestCheck(descriptors.getMessage("waybill.orders.v1.ListOrdersRequest")!);

function sku(patch: Partial<Sku> = {}): Sku {
  return { ...Sku.decode(empty), customer_identifier: "tea", ...patch };
}

test("a record that breaks a rule fails alone, the others pass", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), (broken) => {
      const request: CreateSkusRequest = {
        skus: broken.map((isBroken) => sku(isBroken ? { currency: "?" } : {})),
      };
      const { violations, failures } = checkSkus(request);
      expect(violations).toEqual([]);
      expect([...failures.keys()]).toEqual(broken.flatMap((isBroken, index) => (isBroken ? [index] : [])));
    }),
  );
});

test("a record's pointers are those of the record, not of the batch", () => {
  const { failures } = checkSkus({
    skus: [sku(), sku({ currency: "?", references: ["", "x".repeat(201)] })],
  });
  expect(failures.get(1)!.violations.map(({ pointer }) => pointer)).toEqual(["/references/1", "/currency"]);
});

test("a record's failure has the first place's code and names every place in its sentence", () => {
  const failure = checkSkus({
    skus: [sku({ customer_identifier: "", base_units_per_unit: 0 })],
  }).failures.get(0)!;
  expect(failure.code).toBe("REQUIRED");
  expect(failure.message).toBe("customer_identifier is required; base_units_per_unit must be 1 or more");
});

test("a record's failure names five places at most, and says how many more there are", () => {
  const violations = Array.from({ length: 7 }, (_, index) => ({
    pointer: `/field_${index}`,
    code: "REQUIRED" as const,
    detail: "is required",
  }));
  const failure = recordFailure(violations);
  expect(failure.message.split("; ")).toHaveLength(6);
  expect(failure.message).toMatch(/; and 2 more$/);
  expect(failure.violations).toEqual(violations);
});

test("a record's text is never in its failure", () => {
  const secret = "secret-".repeat(40);
  const broken = sku({
    customer_identifier: secret,
    currency: secret,
    catalog_price: secret,
    pick_style: secret,
  });
  const failure = checkSkus({ skus: [broken] }).failures.get(0)!;
  expect(failure.violations).toHaveLength(5);
  expect(JSON.stringify([failure.message, failure.violations])).not.toContain("secret-");
});

test("a batch without records, or with too many, is refused whole", () => {
  expect(checkSkus({ skus: [] }).violations).toMatchObject([{ pointer: "/skus", code: "REQUIRED" }]);
  const tooMany = checkSkus({ skus: Array.from({ length: 1001 }, () => sku({ currency: "?" })) });
  expect(tooMany.violations).toMatchObject([{ pointer: "/skus", code: "OUT_OF_RANGE" }]);
  expect(tooMany.failures.size).toBe(0);
});

test("a batch of the largest size is checked to its last record", () => {
  const skus = Array.from({ length: 1000 }, (_, index) => sku(index === 999 ? { currency: "?" } : {}));
  expect([...checkSkus({ skus }).failures.keys()]).toEqual([999]);
});

test("the rules of what a record holds are the record's rules", () => {
  const line = { quantity: 0, pick_from: [], references: [] };
  const { failures } = checkLines({
    orders: [{ order_id: "0189d1c2-7e4b-7000-8000-000000000000", line_items: [line], line_ids: ["7"] }],
  });
  expect(
    failures
      .get(0)!
      .violations.map(({ pointer }) => pointer)
      .sort(),
  ).toEqual(["/line_ids/0", "/line_items/0/quantity"]);
});

test("records get their canonical spellings, those that fail too", () => {
  const request = { skus: [sku({ catalog_price: "007.50" }), sku({ catalog_price: "8", currency: "?" })] };
  checkSkus(request);
  expect(request.skus.map(({ catalog_price }) => catalog_price)).toEqual(["7.5", "8.0"]);
});

test("a request that is no batch is refused whole, at every wrong place", () => {
  const { violations, failures } = checkList({ ...ListOrdersRequest.decode(empty), limit: 0, offset: -1 });
  expect(violations.map(({ pointer }) => pointer)).toEqual(["/offset", "/limit"]);
  expect(failures.size).toBe(0);
});

test("one check serves many requests: nothing of one is found in the next", () => {
  checkSkus({ skus: [sku({ currency: "?" })] });
  expect(checkSkus({ skus: [sku()] })).toEqual({ violations: [], failures: new Map() });
});

/** A request of a batch with one record, so that the record's rules are needed too. */
function smallest(input: (typeof methods)[number]["input"]): Record<string, unknown> {
  const records = recordsField(input);
  return records ? { [records.name]: [{}] } : {};
}

test.each(methods.map(({ path, input }) => ({ path, input })))(
  "the rules of what $path takes can be checked",
  ({ input }) => {
    expect(() => requestCheck(input)(smallest(input))).not.toThrow();
  },
);

test.each(methods.filter(({ routes }) => routes.length > 0).map(({ path, input }) => ({ path, input })))(
  "the shape of what $path takes over REST can be checked",
  ({ input }) => {
    expect(() => checkOf(() => shapeSchema(input))(smallest(input))).not.toThrow();
  },
);
