import { methodAt } from "@waybill/contract/methods.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { expect, test } from "vitest";
import { parseJson } from "./body.ts";
import { refusalOverRest } from "./places.ts";
import { toProblem, toRefusal } from "./problem.ts";

function placesOverRest(path: string, ...pointers: string[]) {
  const violations = pointers.map(
    (pointer) => ({ pointer, code: "REQUIRED", detail: "is required" }) as const,
  );
  return refusalOverRest(methodAt(path).routes[0]!)(
    new DomainError("INVALID_REQUEST", undefined, { violations }),
  ).places;
}

test("a pointer into the request becomes a pointer into the body, or a parameter's name", () => {
  const inBody = placesOverRest("/waybill.orders.v1.OrderService/CreateOrders", "/orders/0/x", "/orders", "");
  expect(inBody).toMatchObject([{ pointer: "/0/x" }, { pointer: "" }, { pointer: "" }]);
  const parameters = placesOverRest("/waybill.orders.v1.OrderService/ListOrders", "/id/3", "/limit");
  expect(parameters).toMatchObject([{ parameter: "id" }, { parameter: "limit" }]);
});

test("a refusal keeps its code, sentence and wait over REST", () => {
  const refusal = new DomainError("TOO_MANY_REQUESTS", "later", { retryAfterMs: 5 });
  const overRest = refusalOverRest(methodAt("/waybill.orders.v1.OrderService/ListOrders").routes[0]!)(
    refusal,
  );
  expect(overRest).toMatchObject({
    code: "TOO_MANY_REQUESTS",
    message: "later",
    retryAfterMs: 5,
    places: [],
  });
});

test("an error that nobody foresaw is INTERNAL, and its problem tells nothing of it", () => {
  const refusal = toRefusal(new Error("the secret reason"));
  expect(JSON.stringify(toProblem(refusal, "r1"))).not.toContain("secret");
  const told = new DomainError("INTERNAL", "the secret reason");
  expect(toProblem(told, "r1")).toMatchObject({
    status: 500,
    detail: "Something went wrong here",
    request_id: "r1",
  });
});

test("a body that is not JSON is named by its position at most", () => {
  expect(() => parseJson(Buffer.from('[{"a":1},\n{"secret"}]'))).toThrow(
    /^the body is not JSON from character 19 on$/,
  );
  expect(() => parseJson(Buffer.from("secret"))).toThrow(/^the body is not JSON$/);
  expect(() => parseJson(Buffer.from([0xff]))).toThrow(/^the body is not UTF-8$/);
});
