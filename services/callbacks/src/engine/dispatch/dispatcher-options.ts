import type { Logger } from "@waybill/process/log.ts";
import type { ClaimedLane } from "../../lane.ts";
import type { Clock } from "../clock.ts";
import type { Egress } from "../receiver/egress.ts";
import type { GateRules } from "../receiver/endpoint-gate.ts";
import type { DeliveryQueue, DueEndpoint } from "../queue/queue.ts";
import type { EndpointState, LaneWork } from "./lane-work.ts";

/** What a dispatcher works with, and its bounds. */
export interface DispatcherOptions<Endpoint> {
  clock: Clock;
  /** Every registration with lanes, and when the first of them is due. */
  findDue: () => Promise<DueEndpoint[]>;
  claim: DeliveryQueue["claim"];
  look: (callbackId: string) => Promise<EndpointState<Endpoint>>;
  /** Works on a claimed lane and settles it; answers in how many milliseconds it is due again, null if not at all. */
  work: (work: LaneWork<Endpoint>) => Promise<number | null>;
  /** Gives claimed lanes back, of which nothing was sent. */
  release: (lanes: readonly ClaimedLane[]) => Promise<void>;
  /** Ends what claimed lanes hold, since their registration is gone. */
  close: (lanes: readonly ClaimedLane[]) => Promise<void>;
  /** Makes all lanes of a registration that is gone due, so that they are closed. */
  hasten: (callbackId: string) => Promise<void>;
  /** Whether this is the one that sends to a registration. */
  owns: (callbackId: string) => boolean;
  /** While this side reaches nobody each registration has one attempt at a time. */
  egress: Pick<Egress, "isDown">;
  /** Lanes in work at the same time, of all registrations. */
  total: number;
  gate: GateRules;
  /** How long lanes in work may take to finish when the dispatcher is disposed; then they are aborted. */
  stopMs: number;
  log: Logger;
}
