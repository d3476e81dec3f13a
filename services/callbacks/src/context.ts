import type { Collection, MongoClient } from "mongodb";
import type { CallbackDocument } from "./callback.ts";
import type { DeliveryDocument } from "./delivery.ts";
import type { GuardPolicy } from "./guard.ts";
import type { LaneDocument } from "./lane.ts";
import type { Vault } from "./secrets.ts";

/** What every handler of this service works with. */
export interface CallbacksContext {
  client: MongoClient;
  callbacks: Collection<CallbackDocument>;
  /** Touched by everyone who adds registrations of a tenant, so that they come one after another. */
  tenants: Collection<TenantDocument>;
  deliveries: Collection<DeliveryDocument>;
  lanes: Collection<LaneDocument>;
  vault: Vault;
  guard: GuardPolicy;
  /** Tells the dispatcher that registrations may have something to send. */
  wake: (callbackIds: readonly string[]) => void;
}

export interface TenantDocument {
  _id: string;
  /** How often registrations were added. */
  registered: number;
}
