import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { descriptors, fieldRules } from "./descriptors.ts";
import { methodAt, methods } from "./methods.ts";

const files = [...descriptors.files].filter(({ proto }) => proto.package.startsWith("waybill."));
const routes = methods.flatMap((method) => method.routes.map((route) => ({ method, route })));
const reads = methods.filter(({ name }) => /^(get|list|find)/.test(name));
const parameters = (path: string) => [...path.matchAll(/\{(\w+)/g)].map(([, name]) => name);
const fieldsOf = (message: DescMessage) => message.fields.map(({ name }) => name);

const names = /^(ids?|order|sku|\w+_ids?)$/;
/** Names that are not Waybill's: upper and lower case are two of them. */
const chosenByCallers = [
  "Facility.id",
  "facility_id",
  "order_customer_id",
  "replacement_id",
  "request_id",
  "shipment_id",
  "shipment_ids",
  "sku_customer_id",
];

/** The comment above an element, by its path in the file (descriptor.proto, SourceCodeInfo). */
function leadingComment(file: (typeof files)[number], path: readonly number[]): string {
  const places = file.proto.sourceCodeInfo?.location ?? [];
  return places.find((place) => place.path.join() === path.join())?.leadingComments.trim() ?? "";
}

test("no two methods have the same verb and path, whatever their parameters are called", () => {
  const keys = routes.map(({ route }) => `${route.verb} ${route.path.replaceAll(/\{[^}]+\}/g, "{}")}`);
  expect(keys.length).toBeGreaterThan(0);
  expect(keys).toEqual([...new Set(keys)]);
});

test("every service and every RPC says in a comment what it does", () => {
  const silent = files.flatMap((file) =>
    file.services.flatMap((service, at) => [
      ...(leadingComment(file, [6, at]) ? [] : [service.typeName]),
      ...service.methods.flatMap((method, index) =>
        /^\S.*\.$/s.test(leadingComment(file, [6, at, 2, index]))
          ? []
          : [`${service.typeName}/${method.name}`],
      ),
    ]),
  );
  expect(methods.length).toBeGreaterThan(0);
  expect(silent).toEqual([]);
});

test("every parameter of a path is a field of the request, and of a location or tag one of the response", () => {
  for (const { method, route } of routes) {
    const inPath = parameters(route.path);
    expect(fieldsOf(method.input)).toEqual(expect.arrayContaining(inPath));
    const answered = expect.arrayContaining(parameters(route.location ?? ""));
    expect([...fieldsOf(method.output), ...inPath]).toEqual(answered);
    expect(fieldsOf(method.output)).toEqual(expect.arrayContaining(parameters(route.etag ?? "")));
  }
});

/** The texts by which a message that is sent names something, at any depth. */
function namesIn(message: DescMessage, above: readonly DescMessage[] = []): DescField[] {
  if (above.includes(message)) return [];
  const set = message.fields.filter((field) => !fieldRules(field).output_only);
  return set.flatMap((field) => {
    if (field.message) return namesIn(field.message, [...above, message]);
    return field.scalar === ScalarType.STRING && names.test(field.name) ? [field] : [];
  });
}

test("an id that Waybill minted may be sent in any case: every field that takes one has its form", () => {
  const sent = methods.flatMap(({ input }) => namesIn(input));
  const raw = sent.filter((field) => {
    const { format, each } = fieldRules(field);
    return !["uuid", "id"].includes((field.fieldKind === "list" ? each?.format : format) ?? "");
  });
  expect(sent.length).toBeGreaterThan(100);
  const told = raw.map(({ name, parent }) => (name === "id" ? `${parent.name}.${name}` : name));
  expect([...new Set(told)].toSorted()).toEqual(chosenByCallers);
});

test("what REST reaches answers once: streams are for gRPC", () => {
  expect(routes.filter(({ method }) => method.streams).map(({ method }) => method.path)).toEqual([]);
});

test("a field that is a header is a text of the request itself", () => {
  for (const { method } of routes) {
    for (const field of method.input.fields.filter((each) => fieldRules(each).header)) {
      expect(field).toMatchObject({ fieldKind: "scalar", scalar: ScalarType.STRING });
    }
  }
});

test("every body is a field of its message, or the whole message", () => {
  for (const { method, route } of routes) {
    expect([null, "*", ...fieldsOf(method.input)]).toContain(route.body);
    expect([null, ...fieldsOf(method.output)]).toContain(route.responseBody);
  }
});

test("a method is a GET if and only if it reads, and a GET has no body", () => {
  const gets = routes.filter(({ route }) => route.verb === "get");
  expect(gets).toEqual(routes.filter(({ method }) => reads.includes(method)));
  expect(gets.filter(({ route }) => route.body !== null)).toEqual([]);
});

test("what is created has a location; so may what is accepted, for where its outcome shows; nothing else has", () => {
  const statuses = (located: boolean) =>
    new Set(
      routes
        .filter(({ route }) => (route.location !== null) === located)
        .map(({ route }) => route.successStatus),
    );
  expect([...statuses(true)].toSorted()).toEqual([201, 202]);
  expect([...statuses(false)]).not.toContain(201);
});

test("reads may be repeated, and of the writes those that recognize a repeat", () => {
  expect(reads.filter(({ idempotent }) => !idempotent)).toEqual([]);
  const flag = (path: string) => methodAt(path).idempotent;
  expect(flag("/waybill.orders.v1.OrderService/CreateOrders")).toBe(true);
  expect(flag("/waybill.line_items.v1.SkuService/CreateSkus")).toBe(true);
  expect(flag("/waybill.line_items.v1.LineItemService/CreateLineItems")).toBe(true);
  expect(flag("/waybill.groupings.v1.ProfileService/CreateProfile")).toBe(false);
});

test("a path that is not in the protos is an error that names it", () => {
  expect(() => methodAt("/waybill.orders.v1.OrderService/Nothing")).toThrow(
    "/waybill.orders.v1.OrderService/Nothing",
  );
});
