import { newAggregate, type AggregateDocument, type Decision } from "@waybill/events/aggregates.ts";
import { topics } from "@waybill/events/topics.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { NewEvent } from "@waybill/events/outbox.ts";
import { messageOf } from "@waybill/mongo/stored.ts";
import { Sku, type Dimensions, type SkuSummary } from "@waybill/proto/line_items/v1/skus.ts";

/** A SKU as it is stored: the message, with `_id` for `id`. */
export interface SkuDocument extends Omit<Sku, "id" | "updated_at">, AggregateDocument {
  customer_identifier: string;
  /** Of the record that its content is from. */
  fingerprint: string;
  /** Whether a line or stock was ever recorded of it. */
  used: boolean;
}

export const skusCollection: CollectionDeclaration = {
  name: "skus",
  indexes: [
    { name: "by_customer_identifier", key: { tenant_id: 1, customer_identifier: 1 }, unique: true },
    // Answers whether cached SKUs are still what they were, without reading them.
    { name: "versions", key: { tenant_id: 1, _id: 1, version: 1 } },
    { name: "newest", key: { tenant_id: 1, created_at: -1, _id: -1 } },
  ],
};

/** What a new SKU is made with, besides its record. */
interface NewSku {
  id: string;
  tenantId: string;
  fingerprint: string;
  /** RFC 3339, UTC. */
  now: string;
}

/** What is read of a SKU that is shown as a summary, besides its `_id`. */
export const summaryFields = [
  "customer_identifier",
  "order_number",
  "description",
  "unit",
  "catalog_price",
  "currency",
  "retired_at",
  "created_at",
  "updated_at",
] as const satisfies (keyof SkuDocument)[];

/** A SKU as far as its summary shows it. */
export type SkuSummaryDocument = Pick<SkuDocument, "_id" | (typeof summaryFields)[number]>;

// Fields that documents from before they existed do not have.
const blank = Sku.decode(new Uint8Array());

/** The rule of creating a SKU: defaults filled in, and the event of its creation. */
export function createSku(record: Sku, { id, tenantId, fingerprint, now }: NewSku): Decision<SkuDocument> {
  const state: SkuDocument = {
    ...contentOf(record),
    ...newAggregate(id, tenantId, now),
    created_at: now,
    retired_at: null,
    fingerprint,
    used: false,
  };
  return { state, events: [eventOf(state, "created")] };
}

/** The rule of replacing what a SKU is; a retired one is in use again. The same content changes nothing. */
export function replaceSku(sku: SkuDocument, record: Sku, fingerprint: string): Decision<SkuDocument> {
  if (sku.fingerprint === fingerprint && !sku.retired_at) return { state: sku, events: [] };
  const state = { ...sku, ...contentOf(record), retired_at: null, fingerprint };
  return { state, events: [eventOf(state, "updated")] };
}

/** What becomes of a SKU that is taken out of use. */
export type Removal = "retired" | "deleted";

/**
 * The rule of taking a SKU out of use: retired if anything was ever recorded of it, else deleted; a retired
 * one stays as it is.
 */
export function removeSku(sku: SkuDocument): { removal: Removal; decision: Decision<SkuDocument> } {
  const removal = sku.used ? "retired" : "deleted";
  if (sku.used && sku.retired_at) return { removal, decision: { state: sku, events: [] } };
  const state = { ...sku, retired_at: sku.updated_at };
  return { removal, decision: { state, events: [eventOf(state, removal)] } };
}

/** The message of a stored SKU. */
export function toSku(document: SkuDocument): Sku {
  return { ...messageOf<Sku>(blank, document), id: document._id };
}

/** The message of a stored SKU in a list of summaries. */
export function toSkuSummary(document: SkuSummaryDocument): SkuSummary {
  const { customer_identifier, order_number, description, unit, catalog_price, currency } = document;
  return {
    id: document._id,
    customer_identifier,
    order_number: order_number ?? null,
    description: description ?? null,
    unit: unit ?? null,
    catalog_price: catalog_price ?? null,
    currency: currency ?? null,
    retired_at: document.retired_at ?? null,
    created_at: document.created_at!,
    updated_at: document.updated_at,
  };
}

/** What a record says, with the defaults of what it leaves out. */
function contentOf(record: Sku) {
  const { id, created_at, updated_at, retired_at, ...fields } = record;
  const unit = record.unit ?? "piece";
  return {
    ...fields,
    customer_identifier: record.customer_identifier!,
    unit,
    base_unit: record.base_unit ?? unit,
    base_units_per_unit: record.base_units_per_unit ?? 1,
    price_units_per_unit: record.price_units_per_unit ?? 1,
    currency: record.currency ?? "EUR",
    pick_style: record.pick_style ?? "FIFO",
    dimensions: record.dimensions ? withUnits(record.dimensions) : null,
  };
}

function withUnits(dimensions: Dimensions): Dimensions {
  return {
    ...dimensions,
    length_unit: dimensions.length_unit ?? "mm",
    weight_unit: dimensions.weight_unit ?? "kg",
  };
}

function eventOf(state: SkuDocument, what: "created" | "updated" | Removal): NewEvent {
  return { topic: topics.lineItems, type: `waybill.sku.${what}.v1`, data: toSku(state) };
}
