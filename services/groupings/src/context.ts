import type { AggregateStore } from "@waybill/events/aggregates.ts";
import type { Counter } from "@waybill/mongo/counters.ts";
import type { ProfileDocument } from "./profile.ts";

/** What every handler of this service works with. */
export interface GroupingsContext {
  profiles: AggregateStore<ProfileDocument>;
  profileIds: Counter;
}
