/** Shorter than a third of the session's timeout, so that one heartbeat may be lost. */
const BEAT_MS = 1_000;

/** The heartbeats of a member while it works on a batch. */
export interface Pulse {
  /**
   * Aborted when the member has to stop: with the error of the heartbeat, such as that the group rebalances,
   * or because it is to leave.
   */
  signal: AbortSignal;
  /** No more heartbeats: after the session's timeout others get the partitions. */
  stop: () => void;
}

/**
 * Sends heartbeats until it is stopped. It goes on after one has failed: in a rebalance they keep the member
 * in the group until the call in work has finished.
 */
export function keepAlive(heartbeat: () => Promise<void>, leaving: AbortSignal): Pulse {
  const lost = new AbortController();
  const beat = () => void heartbeat().catch((error: unknown) => lost.abort(error));
  const timer = setInterval(beat, BEAT_MS);
  return { signal: AbortSignal.any([lost.signal, leaving]), stop: () => clearInterval(timer) };
}
