import { createCounter } from "@waybill/mongo/counters.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { ProfileServiceService } from "@waybill/proto/groupings/v1/profiles.ts";
import { implement } from "@waybill/rpc/handlers.ts";
import type { ServiceConfig } from "@waybill/service/config.ts";
import { aggregateStore } from "@waybill/service/database.ts";
import { startService, type Service } from "@waybill/service/start.ts";
import type { GroupingsContext } from "./context.ts";
import { profilesCollection } from "./profile.ts";
import { profileHandlers } from "./rpc/handlers.ts";

// Small, so that ids stay readable; the rest of a block is lost when a process ends.
const PROFILE_ID_FIRST = 1;
const PROFILE_ID_BLOCK = 10;

/** Starts the groupings service; it takes calls once its database answers. */
export function startGroupings(config: ServiceConfig, process: ProcessContext): Promise<Service> {
  return startService(config, process, {
    collections: [profilesCollection],
    build(database) {
      const context: GroupingsContext = {
        profiles: aggregateStore(database, profilesCollection),
        profileIds: createCounter(database.db, "profile_id", PROFILE_ID_FIRST, PROFILE_ID_BLOCK),
      };
      return { implementations: [implement(ProfileServiceService, profileHandlers, context)] };
    },
  });
}
