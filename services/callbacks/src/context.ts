import type { OutboxRow } from "@waybill/events/outbox.ts";
import type { Collection, MongoClient } from "mongodb";
import type { AttemptDocument } from "./attempt.ts";
import type { CallbackDocument } from "./callback.ts";
import type { DeliveryDocument } from "./delivery.ts";
import type { Places } from "./engine/dispatch/places.ts";
import type { DeliveryQueue } from "./engine/queue/queue.ts";
import type { GuardPolicy } from "./guard.ts";
import type { HoldDocument } from "./hold.ts";
import type { LaneDocument } from "./lane.ts";
import type { ReplayDocument } from "./replay.ts";
import type { Vault } from "./secrets.ts";

/** What every handler of this service works with. */
export interface CallbacksContext {
  client: MongoClient;
  callbacks: Collection<CallbackDocument>;
  /**
   * Touched by every change that goes by several registrations or holds of a tenant (registering, changing,
   * holding), so that these come one after another. Deleting a registration and a status that sending finds
   * out go by that one document alone, and do not touch it.
   */
  tenants: Collection<TenantDocument>;
  holds: Collection<HoldDocument>;
  deliveries: Collection<DeliveryDocument>;
  attempts: Collection<AttemptDocument>;
  replays: Collection<ReplayDocument>;
  lanes: Collection<LaneDocument>;
  /** What `waybill.deliveries.v1` gets. */
  outbox: Collection<OutboxRow>;
  queue: DeliveryQueue;
  vault: Vault;
  guard: GuardPolicy;
  /** Tells whoever sends that registrations may have something to send. */
  wake: (callbackIds: readonly string[]) => void;
  /** The same, for registrations that were changed or deleted. */
  lookAnew: (callbackIds: readonly string[]) => void;
  /** Places in work for the lanes of a transaction that begins after this call. */
  places: () => Places;
}

interface TenantDocument {
  _id: string;
  /** How often it was touched. */
  changes: number;
}
