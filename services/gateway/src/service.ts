import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { listen, startAdmin } from "@waybill/process/admin.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import express, { type Express, type RequestHandler } from "express";
import type { GatewayConfig } from "./config.ts";
import { docsRouter } from "./docs/router.ts";
import { limitConcurrency, openExchange } from "./exchange.ts";
import { peersHealth, type Health } from "./health.ts";
import { openPeers, type Peers } from "./peers.ts";
import { answerProblem, answerUnreadable } from "./problem.ts";
import { BASE_PATH } from "./response.ts";
import { apiRouter } from "./routes.ts";

/** A running gateway. Disposing it lets requests in flight finish, up to 8 seconds. */
export interface Gateway extends AsyncDisposable {
  port: number;
}

const DRAIN_LIMIT_MS = 8_000;
const DRAIN_STEP_MS = 50;

const serverOptions = {
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  // Longer than that of common load balancers (60 s), so that they are the ones to close.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
};

/** Starts the gateway. Rejects if a port is taken or the protos and `peers.ts` do not fit together. */
export async function startGateway(config: GatewayConfig, { log, signal }: ProcessContext): Promise<Gateway> {
  await using starting = new AsyncDisposableStack();
  const peers = starting.use(openPeers(config.addresses));
  const stopping = new AbortController();
  const stop = AbortSignal.any([signal, stopping.signal]);
  const health = () => gatewayHealth(peers, stop);
  starting.use(await startAdmin(config.host, config.adminPort, async () => whyNotReady(await health())));
  const server = createServer(serverOptions, createApp(config, peers, log, health));
  server.maxHeadersCount = 100;
  server.on("clientError", answerUnreadable);
  await listen(server, config.host, config.port, "PORT");
  starting.defer(() => drain(server));
  const running = starting.move();
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running.disposeAsync();
    },
  };
}

function createApp(
  config: GatewayConfig,
  peers: Peers,
  log: ProcessContext["log"],
  health: () => Promise<Health>,
): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  app.enable("case sensitive routing");
  app.get("/livez", (_request, response) => void response.json({ status: "ok" }));
  app.get("/readyz", readiness(health));
  app.use(openExchange(log), limitConcurrency(config.concurrentRequestsMax));
  app.use(docsRouter());
  const api = apiRouter(config, peers);
  app.use(BASE_PATH, api);
  app.use(api);
  app.use(() => {
    throw new DomainError("ROUTE_NOT_FOUND");
  });
  app.use(answerProblem);
  return app;
}

/** The health of all peers, and not ok once the gateway is to stop. */
async function gatewayHealth(peers: Peers, stop: AbortSignal): Promise<Health> {
  const health = await peersHealth(peers);
  return stop.aborted ? { ...health, status: "unavailable" } : health;
}

function readiness(health: () => Promise<Health>): RequestHandler {
  return async (_request, response) => {
    const now = await health();
    response.status(now.status === "ok" ? 200 : 503).json(now);
  };
}

function whyNotReady({ status, services }: Health): string | null {
  if (status === "ok") return null;
  const down = Object.keys(services).filter((name) => services[name] !== "ok");
  return down.length > 0 ? `no answer from ${down.join(", ")}` : "stopping";
}

async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that becomes idle after its last answer is not closed by close() itself.
  const idle = setInterval(() => server.closeIdleConnections(), DRAIN_STEP_MS);
  const limit = setTimeout(() => server.closeAllConnections(), DRAIN_LIMIT_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(limit);
}
