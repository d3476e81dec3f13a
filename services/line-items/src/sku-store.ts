import { stamped, writeAggregates } from "@waybill/events/aggregates.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { Sku } from "@waybill/proto/line_items/v1/skus.ts";
import type { LineItemsContext } from "./context.ts";
import { removeSku, replaceSku, type Removal, type SkuDocument } from "./sku.ts";

/** What a SKU is to become, with the fingerprint of the record. */
export interface Replacement {
  record: Sku;
  fingerprint: string;
}

/**
 * Replaces what these SKUs are, by their customer_identifiers, in one transaction. Answers the ids of those
 * that are there, by the same names.
 */
export function replaceSkus(
  { skus }: LineItemsContext,
  tenantId: string,
  replacements: ReadonlyMap<string, Replacement>,
  traceparent: string,
): Promise<Map<string, string>> {
  const named = { tenant_id: tenantId, customer_identifier: { $in: [...replacements.keys()] } };
  return inTransaction(skus.client, async (session) => {
    const found = await skus.collection.find(named, { session }).toArray();
    const decisions = found.map((sku) => {
      const { record, fingerprint } = replacements.get(sku.customer_identifier)!;
      return replaceSku(stamped(sku), record, fingerprint);
    });
    await writeAggregates(skus, decisions.filter(happened), traceparent, session);
    return new Map(found.map(({ _id, customer_identifier }) => [customer_identifier, _id]));
  });
}

/** A SKU that was taken out of use. */
export interface RemovedSku {
  sku: SkuDocument;
  removal: Removal;
}

/**
 * Takes these SKUs out of use in one transaction. Answers what became of those that are there, by id. A SKU
 * that is marked as used meanwhile makes the transaction run again.
 */
export function removeSkus(
  { skus }: LineItemsContext,
  tenantId: string,
  ids: readonly string[],
  traceparent: string,
): Promise<Map<string, RemovedSku>> {
  return inTransaction(skus.client, async (session) => {
    const named = { tenant_id: tenantId, _id: { $in: [...ids] } };
    const found = await skus.collection.find(named, { session }).toArray();
    const removals = found.map((sku) => ({ sku, ...removeSku(stamped(sku)) }));
    const decisions = removals.map(({ decision }) => decision);
    // Also the last event of a SKU that is then deleted.
    await writeAggregates(skus, decisions.filter(happened), traceparent, session);
    const deleted = removals.filter(({ removal }) => removal === "deleted").map(({ sku }) => sku._id);
    if (deleted.length > 0) await skus.collection.deleteMany({ _id: { $in: deleted } }, { session });
    return new Map(removals.map(({ sku, removal }) => [sku._id, { sku, removal }]));
  });
}

function happened({ events }: { events: readonly unknown[] }): boolean {
  return events.length > 0;
}
