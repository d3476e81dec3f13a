import type { IncomingHttpHeaders } from "node:http";
import { methods, type Method, type Route } from "@waybill/contract/methods.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { Router } from "express";
import { authenticate } from "./auth.ts";
import { coalescedCalls } from "./coalesced-calls.ts";
import type { GatewayConfig } from "./config.ts";
import type { Handler } from "./exchange.ts";
import { readIdempotencyKey } from "./idempotency-key.ts";
import { readJson } from "./json-body.ts";
import type { Peers } from "./peers.ts";
import { refusalOverRest } from "./places.ts";
import { requestBuilder } from "./request.ts";
import { responder } from "./response.ts";

interface Endpoint {
  method: Method;
  route: Route;
}

/** The router of every route that the protos annotate. A path's other methods are METHOD_NOT_ALLOWED. */
export function apiRouter(config: GatewayConfig, peers: Peers): Router {
  const router = Router({ caseSensitive: true });
  const endpoints = methods.flatMap((method) => method.routes.map((route) => ({ method, route })));
  endpoints.sort(literalFirst);
  for (const endpoint of endpoints) {
    const { verb, path } = endpoint.route;
    router[verb](expressPath(path), ...handlers(endpoint, config, peers));
  }
  for (const { route } of endpoints) router.all(expressPath(route.path), refuseMethod(route.path, endpoints));
  return router;
}

/** A Google path template as an Express path: `/orders/{order}` is `/orders/:order`. */
export function expressPath(template: string): string {
  if (/\{\w*[^\w}]/.test(template)) throw new Error(`${template}: only {field} is supported in a path`);
  return template.replaceAll(/\{(\w+)\}|([()[\]?+!:*\\])/g, (_, field?: string, special?: string) =>
    field ? `:${field}` : `\\${special}`,
  );
}

function handlers({ method, route }: Endpoint, config: GatewayConfig, peers: Peers): Handler[] {
  return [
    noteRoute(route.path),
    authenticate(config.tenants),
    ...(route.body === null ? [] : readJson(config.bodyBytesMax)),
    answerBy({ method, route }, config.requestTimeoutMs, peers),
  ];
}

function noteRoute(path: string): Handler {
  return (_request, response, next) => {
    response.locals.route = path;
    next();
  };
}

function answerBy({ method, route }: Endpoint, timeoutMs: number, peers: Peers): Handler {
  const build = requestBuilder(method.input, route);
  const alone = peers.caller(method);
  const call = route.coalesced ? coalescedCalls(method, alone) : alone;
  const overRest = refusalOverRest(method.input, route);
  const respond = responder(method.output, route);
  return async (request, response) => {
    const { tenantId, requestId, traceparent } = response.locals;
    const query = request.originalUrl.split("?").slice(1).join("?");
    const { params, headers, body } = request;
    const { message, form } = build({ params, query, headers, body });
    const idempotencyKey = readIdempotencyKey(route, headers);
    const onReplay = () => response.setHeader("Idempotent-Replayed", "true");
    const keyed = idempotencyKey === null ? {} : { keyed: { idempotencyKey, onReplay } };
    const options = { tenantId, requestId, traceparent, deadline: Date.now() + timeoutMs, ...keyed };
    const answer = await call(message, options, plainBytes(headers)).catch((error: unknown) => {
      throw error instanceof DomainError ? overRest(error, form) : error;
    });
    respond({ message: answer as Record<string, unknown>, params, form }, response);
  };
}

/** The size of a body that is not compressed, null if it is not told. */
function plainBytes(headers: IncomingHttpHeaders): number | null {
  const length = headers["content-length"];
  return length === undefined || headers["content-encoding"] !== undefined ? null : Number(length);
}

function refuseMethod(path: string, endpoints: readonly Endpoint[]): Handler {
  const verbs = endpoints
    .filter(({ route }) => shapeOf(route.path) === shapeOf(path))
    .map(({ route }) => route.verb);
  const allowed = verbs.flatMap((verb) => (verb === "get" ? ["GET", "HEAD"] : [verb.toUpperCase()]));
  return (_request, response) => {
    response.locals.route = path;
    response.setHeader("Allow", [...new Set(allowed)].sort().join(", "));
    throw new DomainError("METHOD_NOT_ALLOWED");
  };
}

/** `/orders/search` before `/orders/{order}`, which it matches too. */
function literalFirst(a: Endpoint, b: Endpoint): number {
  const [shapeA, shapeB] = [shapeOf(a.route.path), shapeOf(b.route.path)];
  return Number(shapeA > shapeB) - Number(shapeA < shapeB);
}

// "{" sorts after every character that a path's literal parts have.
function shapeOf(path: string): string {
  return path.replaceAll(/\{\w+\}/g, "{}");
}
