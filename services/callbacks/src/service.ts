import { openDatabase } from "@waybill/events/service-database.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { startAdmin, type Readiness } from "@waybill/process/admin.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { startServer } from "@waybill/rpc/server.ts";
import type { CallbacksConfig } from "./config.ts";

/** The running service. */
export interface CallbacksService extends AsyncDisposable {
  grpcPort: number;
}

/** Starts the service; it takes calls once its database answers. Disposing it lets calls in flight finish. */
export async function startCallbacks(
  config: CallbacksConfig,
  process: ProcessContext,
): Promise<CallbacksService> {
  const running = new AsyncDisposableStack();
  let ready: Readiness = () => "starting";
  running.use(await startAdmin(config.host, config.adminPort, () => ready()));
  const database = running.use(await openDatabase(config, [], process));
  const server = running.use(
    await startServer({
      host: config.host,
      port: config.grpcPort,
      log: process.log,
      translate: mongoFailure,
      implementations: [],
    }),
  );
  ready = database.ready;
  return { grpcPort: server.port, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
