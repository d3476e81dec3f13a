import { methodAt } from "@waybill/contract/methods.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { expect, test } from "vitest";
import { changeThing, route } from "../test/contract.ts";
import type { SentForm } from "./body-form.ts";
import { parseJson } from "./json-body.ts";
import { refusalOverRest } from "./places.ts";
import { toProblem, toRefusal } from "./problem.ts";

function placesOverRest(path: string, ...pointers: string[]) {
  const violations = pointers.map(
    (pointer) => ({ pointer, code: "REQUIRED", detail: "is required" }) as const,
  );
  const { input, routes } = methodAt(path);
  const refusal = new DomainError("INVALID_REQUEST", undefined, { violations });
  return refusalOverRest(input, routes[0]!)(refusal, "plain").places;
}

test("a pointer into the request becomes a pointer into the body, or a parameter's name", () => {
  const inBody = placesOverRest("/waybill.orders.v1.OrderService/CreateOrders", "/orders/0/x", "/orders", "");
  expect(inBody).toMatchObject([{ pointer: "/0/x" }, { pointer: "" }, { pointer: "" }]);
  const parameters = placesOverRest("/waybill.orders.v1.OrderService/ListOrders", "/id/3", "/limit");
  expect(parameters).toMatchObject([{ parameter: "id" }, { parameter: "limit" }]);
});

test("a pointer into a body that was sent alone or wrapped leads into the body as it was sent", () => {
  const { input, routes } = methodAt("/waybill.orders.v1.OrderService/CreateOrders");
  const pointers = ["/orders/0/x", "/orders/0", "/orders", "/orders/0/line_items/0/sku_id"];
  const violations = pointers.map((pointer) => ({ pointer, code: "REQUIRED", detail: "" }) as const);
  const refusal = new DomainError("INVALID_REQUEST", undefined, { violations });
  const places = (form: SentForm) =>
    refusalOverRest(input, routes[0]!)(refusal, form).places.map(
      (place) => "pointer" in place && place.pointer,
    );
  expect(places("alone")).toEqual(["/x", "", "", "/line_items/0/sku_id"]);
  expect(places("wrapped")).toEqual(["/orders/0/x", "/orders/0", "/orders", "/orders/0/line_items/0/sku_id"]);
});

test("a field that came from a header is named by the header", () => {
  const violations = [{ pointer: "/if_match", code: "BAD_FORMAT", detail: "must be a tag" }] as const;
  const refusal = new DomainError("INVALID_REQUEST", undefined, { violations });
  const { places } = refusalOverRest(changeThing, route({ path: "/things/{thing}" }))(refusal, "plain");
  expect(places).toEqual([{ header: "If-Match", code: "BAD_FORMAT", detail: "must be a tag" }]);
});

test("a refusal keeps its code, sentence and wait over REST", () => {
  const refusal = new DomainError("TOO_MANY_REQUESTS", "later", { retryAfterMs: 5 });
  const { input, routes } = methodAt("/waybill.orders.v1.OrderService/ListOrders");
  const overRest = refusalOverRest(input, routes[0]!)(refusal, "plain");
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
