import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldRules } from "@waybill/contract/descriptors.ts";
import { methods, type Method, type Route } from "@waybill/contract/methods.ts";

/** One RPC that REST reaches, with the parts of its request where REST has them. */
export interface Endpoint {
  method: Method;
  route: Route;
  /** Such as `ListOrders`. */
  name: string;
  /** The fields that the path binds, in its order. */
  path: DescField[];
  /** The field that the body is; null if there is no body, or it is the rest of the request. */
  bodyField: DescField | null;
  /** The fields of a body that is the rest of the request; empty if there is none such. */
  bodyFields: DescField[];
  query: DescField[];
  /** The field that is answered; null for the whole response. */
  answerField: DescField | null;
  paging: Paging | null;
}

/** How a list goes on. */
interface Paging {
  /** The query parameter that takes the page's `next_cursor`. */
  cursor: string;
  data: DescField;
  /** The field that stands for `data` with `list_type=summary`. */
  summaries: DescField | null;
}

/** Every endpoint, in the order of the protos. An RPC with several routes is one endpoint, by its first. */
export const endpoints: readonly Endpoint[] = methods
  .filter(({ routes }) => routes.length > 0)
  .map((method) => toEndpoint(method, method.routes[0]!));

function toEndpoint(method: Method, route: Route): Endpoint {
  const field = (message: DescMessage, name: string) => message.fields.find((one) => one.name === name)!;
  const path = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => field(method.input, name!));
  const bodyField = route.body && route.body !== "*" ? field(method.input, route.body) : null;
  const rest = method.input.fields.filter(
    (one) =>
      !path.includes(one) && one !== bodyField && !fieldRules(one).header && one.name !== "update_mask",
  );
  return {
    method,
    route,
    name: method.name[0]!.toUpperCase() + method.name.slice(1),
    path,
    bodyField,
    bodyFields: route.body === "*" ? rest : [],
    query: route.body === "*" ? [] : rest,
    answerField: route.responseBody === null ? null : field(method.output, route.responseBody),
    paging: pagingOf(method),
  };
}

function pagingOf({ input, output }: Method): Paging | null {
  const data = output.fields.find(({ name }) => name === "data");
  if (!data || !output.fields.some(({ name }) => name === "next_cursor")) return null;
  const cursor = input.fields.find(({ name }) => name === "cursor" || name === "after_sequence")!.name;
  const summaries = output.fields.find((field) => fieldRules(field).rendered_as === "data") ?? null;
  return { cursor, data, summaries };
}
