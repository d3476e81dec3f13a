import type { ConsumedEvent } from "./consumed-event.ts";
import { dropApplied, positionKey, type Gap } from "./positions.ts";
import { readEvent, type WaybillEvent } from "./waybill-event.ts";

/** What applying events once and in order needs of your store. */
export interface InOrderOptions {
  /** The positions of these keys, as `apply` stored them; one that was never stored is left out. */
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /**
   * Stores what the events mean to you and the new positions, in one transaction. Of several instances
   * another one may be applying the same events: throw `PositionMoved` where a stored position is not lower
   * than the new one. If it rejects nothing must be stored, and the same events come again.
   */
  apply: (events: WaybillEvent[], positions: ReadonlyMap<string, number>) => Promise<void>;
  /**
   * Answers the events of a gap, or those of them that can still be had (`healByRest`). Default: none. If it
   * rejects, the batch comes again.
   */
  heal?: (gap: Gap) => Promise<readonly ConsumedEvent[]>;
  /** Is told of a gap that stays one: its events are gone. */
  onGap?: (gap: Gap) => void;
}

/**
 * A handler of `startConsumer` that applies each event of an aggregate once and in order, however often and
 * from wherever it comes.
 */
export function inOrder(options: InOrderOptions): (events: ConsumedEvent[]) => Promise<void> {
  const { load, apply, heal = async () => [], onGap = () => undefined } = options;
  return async (events) => {
    const before = await load([...new Set(events.map((event) => positionKey(event)))]);
    const found = dropApplied(events, before);
    const healed = await fill(found.fresh, found.gaps, heal);
    const step = healed.length === found.fresh.length ? found : dropApplied(healed, before);
    if (step.fresh.length > 0) await apply(step.fresh.map(readEvent), step.positions);
    for (const gap of step.gaps) onGap(gap);
  };
}

/** The events with those of their gaps, each before the one that came too early. */
async function fill(
  events: readonly ConsumedEvent[],
  gaps: readonly Gap[],
  heal: (gap: Gap) => Promise<readonly ConsumedEvent[]>,
): Promise<ConsumedEvent[]> {
  const missing = new Map<string, ConsumedEvent[]>();
  for (const gap of gaps) missing.set(nameOf(gap), within(gap, await heal(gap)));
  return events.flatMap((event) => [...(missing.get(nameOf(event)) ?? []), event]);
}

function within({ applied, sequence, ...gap }: Gap, events: readonly ConsumedEvent[]): ConsumedEvent[] {
  return events
    .filter((event) => positionKey(event) === positionKey(gap))
    .filter((event) => event.sequence > applied && event.sequence < sequence)
    .toSorted((a, b) => a.sequence - b.sequence);
}

function nameOf(place: Pick<ConsumedEvent, "tenantId" | "aggregateId" | "sequence">): string {
  return `${positionKey(place)}/${place.sequence}`;
}
