import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { HttpRule } from "@waybill/proto/google/api/http.ts";
import type { BodyForm } from "@waybill/proto/options/v1/options.ts";
import { descriptors, httpRule, restOptions } from "./descriptors.ts";

type Verb = "get" | "put" | "post" | "delete" | "patch";

/** Where REST reaches a method. */
export interface Route {
  verb: Verb;
  /** With `{field}` for the parts that bind to request fields. */
  path: string;
  /** The request field that the body is, `*` for the whole request, null if there is no body. */
  body: string | null;
  /** Another form that the body may have. */
  bodyForm: BodyForm;
  /** The response field that is answered, null for the whole response. */
  responseBody: string | null;
  successStatus: number;
  /**
   * The path of what was created, with `{field.field}` of the response or of the path; null if the method
   * creates nothing.
   */
  location: string | null;
  /** The entity tag of the answer, without its quotes, with `{field.field}` of the response; null: none. */
  etag: string | null;
  /** Whether small requests of one tenant at the same time may travel as one call. */
  coalesced: boolean;
}

/** One RPC of the contract. */
export interface Method {
  /** Where the proto defines it, with its comment. */
  desc: DescMethod;
  /** Such as `waybill.orders.v1.OrderService`. */
  service: string;
  /** Such as `/waybill.orders.v1.OrderService/CreateOrders`. */
  path: string;
  /** Such as `createOrders`: the name of its handler. */
  name: string;
  input: DescMessage;
  output: DescMessage;
  /** Whether a repeat after an unknown outcome is harmless (`idempotency_level` in the proto). */
  idempotent: boolean;
  /** Whether it answers with a stream of messages. */
  streams: boolean;
  routes: readonly Route[];
}

/** Every RPC of Waybill's protos, in their order. */
export const methods: readonly Method[] = [...descriptors.files]
  .filter((file) => file.proto.package.startsWith("waybill."))
  .flatMap((file) => file.services)
  .flatMap((service) => service.methods)
  .map(toMethod);

const methodsByPath = new Map(methods.map((method) => [method.path, method]));

/** The method with this gRPC path. Throws for a path that is not in the protos. */
export function methodAt(path: string): Method {
  const method = methodsByPath.get(path);
  if (!method) throw new Error(`the protos define no method ${path}`);
  return method;
}

function toMethod(desc: DescMethod): Method {
  return {
    desc,
    service: desc.parent.typeName,
    path: `/${desc.parent.typeName}/${desc.name}`,
    name: desc.localName,
    input: desc.input,
    output: desc.output,
    idempotent: desc.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN,
    streams: desc.methodKind === "server_streaming",
    routes: routesOf(desc),
  };
}

function routesOf(desc: DescMethod): Route[] {
  const rule = httpRule(desc);
  if (!rule) return [];
  const rest = restOptions(desc);
  return [rule, ...rule.additional_bindings].map((binding) => ({
    ...verbAndPath(binding, desc.name),
    body: binding.body || null,
    bodyForm: rest.body_form,
    responseBody: binding.response_body || null,
    successStatus: rest.success_status || 200,
    location: rest.location || null,
    etag: rest.etag || null,
    coalesced: rest.coalesced,
  }));
}

function verbAndPath(rule: HttpRule, method: string): { verb: Verb; path: string } {
  for (const verb of ["get", "put", "post", "delete", "patch"] as const) {
    const path = rule[verb];
    if (path) return { verb, path };
  }
  throw new Error(`the google.api.http option of ${method} names no verb`);
}
