import type { ConsumedEvent } from "./consumed-event.ts";

/**
 * Works through `events` one by one: those of one key (default: the aggregate) in their order, up to `limit`
 * keys at the same time. When the work for one fails, the rest of its key is left out and the others are
 * still worked through; then it rejects with the first error, and the consumer repeats the batch.
 */
export async function eachKey<Event extends Pick<ConsumedEvent, "tenantId" | "aggregateId">>(
  events: readonly Event[],
  limit: number,
  work: (event: Event) => Promise<void>,
  keyOf = ({ tenantId, aggregateId }: Event) => `${tenantId}/${aggregateId}`,
): Promise<void> {
  const keys = Map.groupBy(events, keyOf).values();
  const errors: unknown[] = [];
  // All lanes take from one iterator.
  const lane = async () => {
    for (const members of keys) await inOrder(members, work).catch((error: unknown) => errors.push(error));
  };
  await Promise.all(Array.from({ length: limit }, lane));
  if (errors.length > 0) throw errors[0];
}

async function inOrder<Event>(events: readonly Event[], work: (event: Event) => Promise<void>) {
  for (const event of events) await work(event);
}
