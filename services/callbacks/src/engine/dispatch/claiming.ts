import { errorFacts } from "@waybill/process/log.ts";
import type { ClaimedLane } from "../../lane.ts";
import type { DispatcherOptions } from "./dispatcher-options.ts";
import type { Entry } from "./entries.ts";
import type { EndpointState } from "./lane-work.ts";

/** One claim in so many takes lanes that failed before first, so that new ones cannot hold them off for ever. */
const LATE_TURN = 5;

/** Lanes that may be sent, how, and since when they are held; or why none may. */
export type Claimed<Endpoint> =
  { lanes: ClaimedLane[]; endpoint: Endpoint; heldSince: number } | "paused" | "deleted";

/**
 * Claims up to `limit` lanes of a registration, and `ahead` fresh ones more, and looks at it. Lanes of one
 * that is paused are given back, those of one that is gone are closed.
 */
export async function claimFor<Endpoint>(
  options: DispatcherOptions<Endpoint>,
  entry: Entry<Endpoint>,
  { limit, ahead }: { limit: number; ahead: number },
): Promise<Claimed<Endpoint>> {
  const { claim, look, clock, close } = options;
  entry.claims += 1;
  // A probe should tell of the receiver, not once more of a lane that has failed.
  const isLateTurn = entry.gate.breaker === "closed" && entry.claims % LATE_TURN === 0;
  const heldSince = clock.now();
  const { changes } = entry;
  // One that was paused is asked first; any other at the same time, since it hardly ever is.
  const known = entry.pausedUntilMs === null ? null : await look(entry.id);
  if (known?.state === "paused") return "paused";
  const claiming = claim(entry.id, limit, isLateTurn ? "late" : "fresh", ahead);
  const { state, lanes } = await bothOrNone(options, known ?? look(entry.id), claiming);
  if (state.state === "active") {
    // What it was paused or changed by meanwhile was not seen.
    if (entry.changes === changes) {
      entry.pausedUntilMs = null;
      entry.registration = "known";
    }
    entry.gate.setRate(state.ratePerSecond, clock.now());
    return { lanes, endpoint: state.endpoint, heldSince };
  }
  if (lanes.length > 0) await (state.state === "deleted" ? close(lanes) : giveBack(options, lanes));
  if (state.state === "paused") return "paused";
  entry.wants = lanes.length >= limit;
  if (entry.registration !== "deleted") await endFor(options, entry);
  return "deleted";
}

/** What a registration is, with the lanes claimed for it: those are given back if it could not be looked at. */
async function bothOrNone<Endpoint>(
  options: DispatcherOptions<Endpoint>,
  looking: EndpointState<Endpoint> | Promise<EndpointState<Endpoint>>,
  claiming: Promise<ClaimedLane[]>,
): Promise<{ state: EndpointState<Endpoint>; lanes: ClaimedLane[] }> {
  const [looked, claimed] = await Promise.allSettled([looking, claiming]);
  if (claimed.status === "rejected") throw claimed.reason;
  if (looked.status === "fulfilled") return { state: looked.value, lanes: claimed.value };
  await giveBack(options, claimed.value);
  throw looked.reason;
}

/** Makes claimed lanes due again; if that fails their leases have to run out. */
export async function giveBack<Endpoint>(
  { release, log }: Pick<DispatcherOptions<Endpoint>, "release" | "log">,
  lanes: readonly ClaimedLane[],
): Promise<void> {
  try {
    await release(lanes);
  } catch (error) {
    log.warn({ lanes: lanes.length, ...errorFacts(error) }, "dispatcher.release_failed");
  }
}

/** A registration is gone: what waits for a retry is closed too. */
export async function endFor<Endpoint>(
  { hasten }: Pick<DispatcherOptions<Endpoint>, "hasten">,
  entry: Entry<Endpoint>,
): Promise<void> {
  await hasten(entry.id);
  entry.registration = "deleted";
  entry.wants = true;
}
