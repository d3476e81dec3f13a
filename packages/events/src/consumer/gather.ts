import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";

/** What is handled together at most; a batch that is larger alone is handled alone. */
interface GatherLimits {
  events: number;
  /** Of the events' data, in characters. */
  characters: number;
}

type Handle = (events: ConsumedEvent[]) => Promise<void>;

interface Batch {
  events: ConsumedEvent[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * A `handle` for `startConsumer` that works on the batches of several partitions in one call of `handle`:
 * those that come in one turn of the event loop, and what comes while a call is in flight. So a commit that
 * waits for the disk serves them all. When a call for several fails, each is handled alone, so that none
 * suffers from another's events.
 */
export function gathered(handle: Handle, limits: GatherLimits): Handle {
  const waiting: Batch[] = [];
  let isBusy = false;
  const pump = async () => {
    if (isBusy) return;
    isBusy = true;
    while (waiting.length > 0) await handleGroup(handle, takeGroup(waiting, limits));
    isBusy = false;
  };
  return (events) =>
    new Promise((resolve, reject) => {
      waiting.push({ events, resolve, reject });
      setImmediate(() => void pump());
    });
}

function takeGroup(waiting: Batch[], limits: GatherLimits): Batch[] {
  const size = { events: 0, characters: 0 };
  let count = 0;
  for (const { events } of waiting) {
    size.events += events.length;
    for (const { data } of events) size.characters += data.length;
    if (count > 0 && (size.events > limits.events || size.characters > limits.characters)) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

async function handleGroup(handle: Handle, group: readonly Batch[]): Promise<void> {
  try {
    await handle(group.flatMap(({ events }) => events));
    for (const { resolve } of group) resolve();
  } catch (error) {
    if (group.length === 1) group[0]!.reject(error);
    else await Promise.all(group.map(({ events, resolve, reject }) => handle(events).then(resolve, reject)));
  }
}
