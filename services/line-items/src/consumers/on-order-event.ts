import { applyOnce, type AppliedStore } from "@waybill/events/consumer/applied.ts";
import type { ConsumedEvent } from "@waybill/events/consumer/consumed-event.ts";
import type { LineItemsContext } from "../context.ts";
import { addEntry } from "../ledger-store.ts";
import { toEntry } from "../ledger.ts";

/** Has the ledger follow the units that orders moved: an entry of each event that moves some, once. */
export function onOrderEvents(
  context: LineItemsContext,
  applied: AppliedStore,
  events: readonly ConsumedEvent[],
): Promise<void> {
  return applyOnce(applied, events, async (fresh, session) => {
    for (const event of fresh) {
      const entry = toEntry(event.tenantId, event.aggregateId, event);
      if (entry.movements.length > 0) await addEntry(context, entry, event.traceparent, session);
    }
  });
}
