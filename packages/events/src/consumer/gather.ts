import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { isDown } from "@waybill/mongo/failures.ts";
import { coalesced } from "@waybill/process/coalesce.ts";

/** What is handled together at most; a batch that is larger alone is handled alone. */
interface GatherLimits {
  events: number;
  /** Of the events' data, in characters. */
  characters: number;
}

type Handle = (events: ConsumedEvent[]) => Promise<void>;

/**
 * A `handle` for `startConsumer` that works on the batches of several partitions in one call of `handle`:
 * those that come in one turn of the event loop, and what comes while a call is in flight. So a commit that
 * waits for the disk serves them all. When a call for several fails, and not because something is down, it is
 * found out which of them it is for, so that none suffers from another's events.
 */
export function gathered(handle: Handle, limits: GatherLimits): Handle {
  const share = (events: readonly ConsumedEvent[]) => {
    const characters = events.reduce((sum, { data }) => sum + data.length, 0);
    return Math.max(events.length / limits.events, characters / limits.characters);
  };
  const work = async (_: string, batches: readonly ConsumedEvent[][]) => {
    await handle(batches.flat());
    return batches.map(() => undefined);
  };
  const { submit } = coalesced<ConsumedEvent[], void>(
    { work, isCommon: isDown, weightOf: share },
    // Kafka bounds what waits: each partition has one batch in work.
    { inFlightMax: 1, groupMax: 1, waitingMax: Infinity },
  );
  return (events) => submit("", events);
}
