import type { ConsumedEvent } from "./consumed-event.ts";

/** Events that never came: `sequence` follows `applied` directly. */
export interface Gap {
  tenantId: string;
  /** Whose events are missing: on the order topic an order's id. */
  aggregateId: string;
  /** The last sequence that was applied; 0 if none was. */
  applied: number;
  /** The next one that came. */
  sequence: number;
}

/** What a batch of events is after those that were applied before. */
export interface Step<Event> {
  /** Those that are new, in their order. */
  fresh: Event[];
  gaps: Gap[];
  /** The positions that change, by their keys. */
  positions: Map<string, number>;
}

/** Another member applies or applied events of the same aggregates: nothing was written, repeat the batch. */
export class PositionMoved extends Error {
  override readonly name = "PositionMoved";
}

/** What a position belongs to: integer ids are unique per tenant only. */
export function positionKey({
  tenantId,
  aggregateId,
}: Pick<ConsumedEvent, "tenantId" | "aggregateId">): string {
  return `${tenantId}/${aggregateId}`;
}

/** Leaves out what `before`, the last applied sequences by their keys, says was applied; finds the gaps. */
export function dropApplied<Event extends Pick<ConsumedEvent, "tenantId" | "aggregateId" | "sequence">>(
  events: readonly Event[],
  before: ReadonlyMap<string, number>,
  keyOf: (event: Event) => string = positionKey,
): Step<Event> {
  const positions = new Map<string, number>();
  const fresh: Event[] = [];
  const gaps: Gap[] = [];
  for (const event of events) {
    const key = keyOf(event);
    const applied = positions.get(key) ?? before.get(key) ?? 0;
    const { tenantId, aggregateId, sequence } = event;
    if (sequence <= applied) continue;
    if (sequence > applied + 1) gaps.push({ tenantId, aggregateId, applied, sequence });
    fresh.push(event);
    positions.set(key, sequence);
  }
  return { fresh, gaps, positions };
}
