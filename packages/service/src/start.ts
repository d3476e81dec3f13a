import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { startAdmin, type Readiness } from "@waybill/process/admin.ts";
import type { ProcessContext, Running } from "@waybill/process/run.ts";
import type { Implementation } from "@waybill/rpc/handlers.ts";
import { startServer } from "@waybill/rpc/server.ts";
import type { ServiceConfig } from "./config.ts";
import { openDatabase, prepareDatabase, type ServiceDatabase } from "./database.ts";
import { createIdempotency, type Vault } from "./idempotency.ts";

/** A running service. Disposing it lets what is in work finish. */
export interface Service extends Running {
  grpcPort: number;
}

/** What a service is made of, besides its database. */
interface ServiceParts {
  collections: readonly CollectionDeclaration[];
  /**
   * Called once the database answers. What it starts besides goes onto `running`, which ends it in reverse
   * order after the gRPC server; `ready` may add a reason why the service is not ready. A service with
   * answers that hold a secret gives a `vault` to keep them in.
   */
  build: (
    database: ServiceDatabase,
    running: AsyncDisposableStack,
  ) => { implementations: readonly Implementation[]; ready?: Readiness; vault?: Vault };
}

/**
 * Starts a service: its probes at once, its gRPC server when its database answers. With `prepareOnly` it only
 * makes what the service needs in MongoDB and Kafka, and is done.
 */
export async function startService(
  config: ServiceConfig,
  process: ProcessContext,
  { collections, build }: ServiceParts,
): Promise<Service> {
  if (config.prepareOnly) {
    await prepareDatabase(config, collections, process);
    return { grpcPort: config.grpcPort, done: true, [Symbol.asyncDispose]: async () => {} };
  }
  await using starting = new AsyncDisposableStack();
  let ready: Readiness = () => "starting";
  starting.use(await startAdmin(config.host, config.adminPort, () => ready()));
  const database = starting.use(await openDatabase(config, collections, process));
  const { implementations, ready: more, vault } = build(database, starting);
  const { host, grpcPort: port } = config;
  const idempotency = createIdempotency(database, vault);
  const options = { host, port, log: process.log, translate: mongoFailure, implementations, idempotency };
  const server = starting.use(await startServer(options));
  ready = async () => (await database.ready()) ?? (await more?.()) ?? null;
  const running = starting.move();
  return { grpcPort: server.port, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
