import { aggregateStore, openDatabase } from "@waybill/events/service-database.ts";
import { createCounter } from "@waybill/mongo/counters.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { startAdmin, type Readiness } from "@waybill/process/admin.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { ProfileServiceService } from "@waybill/proto/groupings/v1/profiles.ts";
import { implement } from "@waybill/rpc/handlers.ts";
import { startServer } from "@waybill/rpc/server.ts";
import type { GroupingsConfig } from "./config.ts";
import type { GroupingsContext } from "./context.ts";
import { profilesCollection } from "./profile.ts";
import { profileHandlers } from "./rpc/handlers.ts";

// Small, so that ids stay readable; a block is lost when a process ends.
const PROFILE_ID_FIRST = 1;
const PROFILE_ID_BLOCK = 10;

/** The running service. */
export interface GroupingsService extends AsyncDisposable {
  grpcPort: number;
}

/** Starts the service; it takes calls once its database answers. Disposing it lets calls in flight finish. */
export async function startGroupings(
  config: GroupingsConfig,
  process: ProcessContext,
): Promise<GroupingsService> {
  const running = new AsyncDisposableStack();
  let ready: Readiness = () => "starting";
  running.use(await startAdmin(config.host, config.adminPort, () => ready()));
  const database = running.use(await openDatabase(config, [profilesCollection], process));
  const context: GroupingsContext = {
    profiles: aggregateStore(database, profilesCollection),
    profileIds: createCounter(database.db, "profile_id", PROFILE_ID_FIRST, PROFILE_ID_BLOCK),
  };
  const server = running.use(
    await startServer({
      host: config.host,
      port: config.grpcPort,
      log: process.log,
      translate: mongoFailure,
      implementations: [implement(ProfileServiceService, profileHandlers, context)],
    }),
  );
  ready = database.ready;
  return { grpcPort: server.port, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
