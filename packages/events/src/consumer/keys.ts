import type { ConsumedEvent } from "./consumed-event.ts";

/**
 * Works through `events` one by one: those of one aggregate in their order, up to `limit` aggregates at the
 * same time. When the work for one fails, the rest of its aggregate is left out and the others are still
 * worked through; then it rejects with the first error, and the consumer repeats the batch.
 */
export async function eachKey(
  events: readonly ConsumedEvent[],
  limit: number,
  work: (event: ConsumedEvent) => Promise<void>,
): Promise<void> {
  const keys = Map.groupBy(events, ({ tenantId, aggregateId }) => `${tenantId}/${aggregateId}`).values();
  const errors: unknown[] = [];
  // All lanes take from one iterator.
  const lane = async () => {
    for (const members of keys) await inOrder(members, work).catch((error: unknown) => errors.push(error));
  };
  await Promise.all(Array.from({ length: limit }, lane));
  if (errors.length > 0) throw errors[0];
}

async function inOrder(events: ConsumedEvent[], work: (event: ConsumedEvent) => Promise<void>) {
  for (const event of events) await work(event);
}
