import { isDeepStrictEqual } from "node:util";
import { newAggregate, type AggregateDocument, type Decision } from "@waybill/events/aggregates.ts";
import { EVENT_BYTES_MAX, type NewEvent } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type {
  LineItem,
  LineItemsEventData,
  OrderLines,
  ReplaceLinesRequest,
} from "@waybill/proto/line_items/v1/line_items.ts";
import { AllocationTerms } from "@waybill/proto/line_items/v1/allocation.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import {
  follow,
  noUnits,
  ofLines,
  type Ledger,
  type LedgerEntryDocument,
  type LedgerSums,
} from "./ledger.ts";
import { changeLine, createLine, skuOf, termsOf, toLineItem, type KnownSkus } from "./line.ts";

/**
 * The lines of one order as one document: they are stored, changed and sealed together, so that an order
 * never has half of its lines. `_id` is the order's id; `version` is its `lines_revision`.
 */
export interface OrderLinesDocument extends AggregateDocument {
  /** Whether lines may still change here; false once the order has left `open`. */
  open: boolean;
  /** `CO/…`; null if the order told none. */
  order_reference: string | null;
  /** When they were last sealed, until it is known that the order has left `open`; null otherwise. */
  sealed_at: string | null;
  lines: LineItem[];
  /** The sums of the ledger's entries, from which the lines' counters follow. */
  ledger: Ledger;
  /** The sequence of the last event of the order that the ledger followed; 0 if there was none. */
  order_sequence: number;
  /** What decides which stock they get. */
  terms: AllocationTerms;
  /** The request ids of the latest replacements, so that a repeat changes nothing. */
  replacements: string[];
  /** Of the latest that were given up before they were made; absent where none ever was. */
  abandoned?: string[];
}

export const orderLinesCollection: CollectionDeclaration = {
  name: "order_lines",
  indexes: [
    { name: "by_line", key: { tenant_id: 1, "lines.id": 1 } },
    { name: "seals", key: { sealed_at: 1 }, partialFilterExpression: { sealed_at: { $type: "string" } } },
  ],
};

/** What changed an order's lines, see `LineItemsEventData`. */
type Cause = "added" | "patched" | "deleted" | "replaced" | "confirmed";

/** Those of an order that says nothing. */
const defaultTerms = AllocationTerms.decode(new Uint8Array());

// Counters and movements of an event have room beside them.
const LINES_BYTES_MAX = (EVENT_BYTES_MAX / 4) * 3;
// More than an order has update requests in flight; the oldest are forgotten.
const REPLACEMENTS_MAX = 20;

/**
 * The rule of adding an order's first lines: each with its SKU's text and price of that moment. Throws with
 * the place in the order, see `createLine` and `skuOf`; `RECORD_TOO_LARGE`.
 */
export function createOrderLines(
  tenantId: string,
  { order_id, line_items, line_ids, order_reference, terms }: OrderLines,
  skus: KnownSkus,
  now: string,
): OrderLinesDocument {
  if (line_ids.length !== line_items.length) {
    const detail = "must have an id for each line";
    const violations = [{ pointer: "/line_ids", code: "INVALID_REQUEST" as const, detail }];
    throw new DomainError("INVALID_REQUEST", detail, { violations });
  }
  const lines = line_items.map((line, index) => {
    const place = placeIn(index);
    return createLine(line, skuOf(line, skus, place), { id: line_ids[index]!, now, place });
  });
  assertBounded(lines);
  return {
    ...newAggregate(order_id!, tenantId, now),
    order_reference: order_reference ?? null,
    open: true,
    sealed_at: null,
    lines,
    ledger: {},
    order_sequence: 0,
    terms: terms ?? defaultTerms,
    replacements: [],
  };
}

/** The rule of closing an order's lines to changes, or of renewing the seal's time. */
export function seal(document: OrderLinesDocument): Decision<OrderLinesDocument> {
  return { state: { ...document, open: false, sealed_at: document.updated_at }, events: [] };
}

/** The rule of lifting a seal whose order stayed open; one that was renewed meanwhile stays. */
export function reopen(document: OrderLinesDocument, sealedAt: string): Decision<OrderLinesDocument> {
  const lifted = document.sealed_at === sealedAt;
  return { state: lifted ? { ...document, open: true, sealed_at: null } : document, events: [] };
}

/**
 * The rule of putting other lines in the place of an order's lines, see `ReplaceLines` in the proto;
 * `newIds` has one for each line.
 */
export function replaceLines(
  document: OrderLinesDocument,
  { request_id, line_items }: ReplaceLinesRequest,
  newIds: readonly string[],
  skus: KnownSkus,
): Decision<OrderLinesDocument> {
  if (document.replacements.includes(request_id!)) return { state: document, events: [] };
  if (document.abandoned?.includes(request_id!)) throw new DomainError("REPLACEMENT_ABANDONED");
  const now = document.updated_at;
  const left = Map.groupBy(document.lines, ({ sku_id }) => sku_id!);
  const lines = line_items.map((line, index) => {
    const place = placeIn(index);
    const sku = skuOf(line, skus, place);
    const kept = left.get(sku._id)?.shift();
    if (kept === undefined) return createLine(line, sku, { id: newIds[index]!, now, place });
    return changeLine(kept, termsOf(line), { sums: sumsOf(document, kept), now, place });
  });
  const replacements = [...document.replacements, request_id!].slice(-REPLACEMENTS_MAX);
  const ledger = ofLines(document.ledger, lines);
  return changed({ ...document, lines, ledger, replacements }, "replaced");
}

/** The rule of giving a replacement up; one that was made stays. */
export function abandonReplacement(
  document: OrderLinesDocument,
  requestId: string,
): Decision<OrderLinesDocument> {
  const { replacements, abandoned = [] } = document;
  const isSettled = replacements.includes(requestId) || abandoned.includes(requestId);
  if (isSettled) return { state: document, events: [] };
  return {
    state: { ...document, abandoned: [...abandoned, requestId].slice(-REPLACEMENTS_MAX) },
    events: [],
  };
}

/** The rule of following these entries of the ledger, which are the next ones. */
export function followEntries(
  document: OrderLinesDocument,
  entries: readonly LedgerEntryDocument[],
): Decision<OrderLinesDocument> {
  const movements = entries.flatMap((entry) => entry.movements);
  const state = withLedger(document, follow(document.ledger, movements), entries);
  return { state, events: [moved(state, "ledger", movements)] };
}

/** The rule of telling that only the stock of the lines changed: their units that have their lots. */
export function tellStock(document: OrderLinesDocument): Decision<OrderLinesDocument> {
  return { state: document, events: [moved(document, "ledger", [])] };
}

/** The rule of deriving the counters anew from all entries; nothing happens if they are right. */
export function rebuildLedger(
  document: OrderLinesDocument,
  entries: readonly LedgerEntryDocument[],
): Decision<OrderLinesDocument> {
  const movements = entries.flatMap((entry) => entry.movements);
  const state = withLedger(document, follow({}, movements), entries);
  const right = isDeepStrictEqual(state, document);
  return right ? { state: document, events: [] } : { state, events: [moved(state, "rebuilt", [])] };
}

function withLedger(
  document: OrderLinesDocument,
  sums: Ledger,
  entries: readonly LedgerEntryDocument[],
): OrderLinesDocument {
  const ledger = ofLines(sums, document.lines);
  const lines = document.lines.map((line, index) => {
    const facts = { sums: ledger[line.id!] ?? noUnits, now: document.updated_at, place: placeIn(index) };
    return changeLine(line, {}, facts);
  });
  return { ...document, lines, ledger, order_sequence: entries.at(-1)?.sequence ?? document.order_sequence };
}

/** The message of an order's stored lines. */
export function toOrderLines({
  _id,
  lines,
  version,
  sequence,
  order_reference,
  order_sequence,
}: OrderLinesDocument): OrderLines {
  return {
    order_id: _id,
    line_items: lines.map(toLineItem),
    line_ids: [],
    order_reference,
    lines_revision: version,
    lines_sequence: sequence,
    order_sequence,
  };
}

/** The data of the next event about these lines, as they are now. */
export function lineItemsEventData(
  { _id, version, lines, sequence, order_sequence }: OrderLinesDocument,
  cause: string,
  movements: Movement[] = [],
): LineItemsEventData {
  return {
    order_id: _id,
    lines_revision: version,
    cause,
    lines: lines.map(toLineItem),
    movements,
    lines_sequence: sequence + 1,
    order_sequence,
    backordered: false,
    shorts: [],
  };
}

function moved(state: OrderLinesDocument, cause: string, movements: Movement[]): NewEvent {
  const data = lineItemsEventData(state, cause, movements);
  return { topic: topics.lineItems, type: "waybill.line_items.moved.v1", data };
}

/** The decision to change lines in this way: one event with all of them. Throws `RECORD_TOO_LARGE`. */
export function changed(state: OrderLinesDocument, cause: Cause): Decision<OrderLinesDocument> {
  assertBounded(state.lines);
  const event: NewEvent = {
    topic: topics.lineItems,
    type: "waybill.line_items.changed.v1",
    data: lineItemsEventData(state, cause),
  };
  return { state, events: [event] };
}

/** Every event carries all lines, and must pass Kafka. */
function assertBounded(lines: readonly LineItem[]): void {
  if (Buffer.byteLength(JSON.stringify(lines)) <= LINES_BYTES_MAX) return;
  throw new DomainError(
    "RECORD_TOO_LARGE",
    `the lines of an order must be at most ${LINES_BYTES_MAX} bytes of JSON, with their SKUs' texts`,
  );
}

/** The sums of a line's ledger. */
export function sumsOf({ ledger }: OrderLinesDocument, { id }: LineItem): LedgerSums {
  return ledger[id!] ?? noUnits;
}

function placeIn(index: number): (field: string) => string {
  return (field) => `/line_items/${index}/${field}`;
}
