import { newAggregate, type AggregateDocument, type Decision } from "@waybill/events/aggregates.ts";
import { topics } from "@waybill/events/topics.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { Sku } from "@waybill/proto/line_items/v1/skus.ts";

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
    { name: "newest", key: { tenant_id: 1, created_at: -1, _id: -1 } },
  ],
};

/** What a new SKU is made with, besides its record. */
export interface NewSku {
  id: string;
  tenantId: string;
  fingerprint: string;
  /** RFC 3339, UTC. */
  now: string;
}

// Fields that documents from before they existed do not have.
const blank = Sku.decode(new Uint8Array());

/** The rule of creating a SKU: defaults filled in, and the event of its creation. */
export function createSku(record: Sku, { id, tenantId, fingerprint, now }: NewSku): Decision<SkuDocument> {
  const { id: _unset, ...fields } = record;
  const unit = record.unit ?? "piece";
  const state: SkuDocument = {
    ...fields,
    ...newAggregate(id, tenantId, now),
    customer_identifier: record.customer_identifier!,
    unit,
    base_unit: record.base_unit ?? unit,
    base_units_per_unit: record.base_units_per_unit ?? 1,
    price_units_per_unit: record.price_units_per_unit ?? 1,
    currency: record.currency ?? "EUR",
    pick_style: record.pick_style ?? "FIFO",
    created_at: now,
    fingerprint,
    used: false,
  };
  return { state, events: [{ topic: topics.lineItems, type: "waybill.sku.created.v1", data: toSku(state) }] };
}

/** The message of a stored SKU. */
export function toSku(document: SkuDocument): Sku {
  const { _id, tenant_id, fingerprint, used, version, sequence, ...fields } = document;
  return { ...blank, ...fields, id: _id };
}
