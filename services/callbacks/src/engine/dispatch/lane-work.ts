import type { ClaimedLane } from "../../lane.ts";
import type { EndpointGate } from "../receiver/endpoint-gate.ts";

/** What is to be done with a registration's lanes: sent by way of `endpoint`, kept, or ended. */
export type EndpointState<Endpoint> =
  | { state: "active"; endpoint: Endpoint; ratePerSecond: number | null }
  | { state: "paused" }
  | { state: "deleted" };

/** A lane that somebody works on, with what decides whether its next attempt may be made. */
export interface LaneWork<Endpoint> {
  lane: ClaimedLane;
  endpoint: Endpoint;
  gate: EndpointGate;
  /** When its claim was asked for, by the clock: it holds at least from then. */
  heldSince: number;
  /** False when the dispatcher stops, or the registration is somebody else's, or paused. */
  mayGoOn: () => boolean;
  /**
   * The lane's last attempt for now is made: its place at the receiver is free for another before what came of
   * it is stored.
   */
  over: () => void;
  /** Stops the registration's other lanes as well: it was disabled. */
  pause: () => void;
  /** Aborts the attempt. */
  signal: AbortSignal;
}

/** A lane in work or waiting for it, and whether it has its place at the receiver. */
export type PlacedWork<Endpoint> = LaneWork<Endpoint> & { hasPlace: boolean };
