import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";

/**
 * What one event of an order moved. Entries are written once and never changed; every counter of a line
 * follows from them.
 */
export interface LedgerEntryDocument {
  /** The event's id, so that a repeat of the event is no second entry. */
  _id: string;
  tenant_id: string;
  order_id: string;
  /** The event's sequence in its order. */
  sequence: number;
  /** When it happened: RFC 3339, UTC. */
  time: string;
  movements: Movement[];
}

export const ledgerCollection: CollectionDeclaration = {
  name: "ledger",
  indexes: [{ name: "by_order", key: { tenant_id: 1, order_id: 1, sequence: 1 } }],
};

/** An event of an order, as far as the ledger looks at it. */
interface OrderEventFacts {
  id: string;
  sequence: number;
  time: string;
  /** JSON; one that moves units has `movements`. */
  data: string;
}

/** The entry of an event of an order; without movements if it moves nothing. */
export function toEntry(tenantId: string, orderId: string, event: OrderEventFacts): LedgerEntryDocument {
  const { movements = [] } = JSON.parse(event.data) as { movements?: Movement[] };
  const { id, sequence, time } = event;
  return { _id: id, tenant_id: tenantId, order_id: orderId, sequence, time, movements };
}

/** The sums of a line's entries, in ordered units. */
export interface LedgerSums {
  fulfilled: number;
  shorted: number;
  canceled: number;
  returning: number;
  returned: number;
}

/** The sums of each line that has any, by the line's id. */
export type Ledger = Readonly<Record<string, LedgerSums>>;

/** The sums of a line that nothing was moved of. */
export const noUnits: LedgerSums = { fulfilled: 0, shorted: 0, canceled: 0, returning: 0, returned: 0 };

/** What each kind of movement does (movements.proto). */
const kinds: Readonly<Record<string, (sums: LedgerSums, units: number) => Partial<LedgerSums>>> = {
  fulfilled: (sums, units) => ({ fulfilled: sums.fulfilled + units }),
  shorted: (sums, units) => ({ shorted: sums.shorted + units }),
  canceled: (sums, units) => ({ canceled: sums.canceled + units }),
  returning: (sums, units) => ({ returning: sums.returning + units }),
  returned: (sums, units) => ({ returning: sums.returning - units, returned: sums.returned + units }),
  return_canceled: (sums, units) => ({ returning: sums.returning - units }),
};

/** The ledger after these movements. Throws for a kind that is not known. */
export function follow(ledger: Ledger, movements: readonly Movement[]): Ledger {
  const next: Record<string, LedgerSums> = { ...ledger };
  for (const { order_line_item_id: id, kind, quantity } of movements) {
    if (!Object.hasOwn(kinds, kind)) throw new Error("a movement of an unknown kind");
    const sums = next[id] ?? noUnits;
    next[id] = { ...sums, ...kinds[kind]!(sums, quantity) };
  }
  return next;
}

/** The part of a ledger that is about these lines: those that were replaced have no counters any more. */
export function ofLines(ledger: Ledger, lines: readonly LineItem[]): Ledger {
  return Object.fromEntries(
    lines.flatMap(({ id }) => (Object.hasOwn(ledger, id!) ? [[id!, ledger[id!]!] as const] : [])),
  );
}

/**
 * The counters of a line, see `LineItem` in the proto. An update may leave a line fewer units than were
 * shorted of it before: no more are shorted then than it has.
 */
export function countersOf(quantity: number, sums: LedgerSums) {
  const shorted = Math.min(sums.shorted, quantity - sums.fulfilled - sums.canceled);
  return {
    uom_quantity_outstanding: quantity - sums.fulfilled - shorted - sums.canceled,
    uom_quantity_fulfilled: sums.fulfilled,
    uom_quantity_shorted: shorted,
    uom_quantity_canceled: sums.canceled,
    uom_quantity_returning: sums.returning,
    uom_quantity_returned: sums.returned,
  } satisfies Partial<LineItem>;
}
