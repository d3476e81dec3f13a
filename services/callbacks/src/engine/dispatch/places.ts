import type { CallbackDocument } from "../../callback.ts";
import type { ClaimedLane } from "../../lane.ts";
import type { Dispatcher } from "./dispatcher.ts";

/** Places in work for lanes that are being stored. */
export interface Places {
  /** Takes one for a lane of this registration, if it can be sent at once. */
  take: (callback: CallbackDocument) => boolean;
  /** Sends the lanes that were claimed as they were stored, and gives all other places back. */
  fill: (claimed: readonly ClaimedLane[]) => void;
}

/** Places of one transaction, which begins after this call. `open` answers null for what nothing is sent to now. */
export function takePlaces<Endpoint>(
  dispatcher: Dispatcher<Endpoint>,
  open: (callback: CallbackDocument) => Endpoint | null,
  nowMs: number,
): Places {
  const endpoints = new Map<string, Endpoint | null>();
  const taken: string[] = [];
  return {
    take(callback) {
      const { _id, rate_per_second } = callback;
      if (!endpoints.has(_id)) endpoints.set(_id, open(callback));
      const isTaken = endpoints.get(_id) !== null && dispatcher.reserve(_id, rate_per_second);
      if (isTaken) taken.push(_id);
      return isTaken;
    },
    fill(claimed) {
      for (const lane of claimed) {
        taken.splice(taken.indexOf(lane.callback_id), 1);
        dispatcher.begin(lane, endpoints.get(lane.callback_id)!, nowMs);
      }
      for (const id of taken.splice(0)) dispatcher.leave(id);
    },
  };
}
