import { stamped, writeAggregates } from "@waybill/events/aggregates.ts";
import { DomainError, refusalOf } from "@waybill/errors/domain-error.ts";
import type { Winner } from "@waybill/events/create-once.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Sku } from "@waybill/proto/line_items/v1/skus.ts";
import type { ClientSession } from "mongodb";
import type { LineItemsContext } from "./context.ts";
import type { KnownSkus, SkuNames } from "./line.ts";
import { removeSku, replaceSku, type Removal, type SkuDocument } from "./sku.ts";

/** The SKUs with these customer_identifiers, as far as `createOnce` looks at them. */
export async function findSkuWinners(
  { skus }: LineItemsContext,
  tenantId: string,
  customerIdentifiers: string[],
): Promise<Winner[]> {
  const found = await skus.collection
    .find({ tenant_id: tenantId, customer_identifier: { $in: customerIdentifiers } })
    .project<SkuDocument>({ customer_identifier: 1, fingerprint: 1 })
    .toArray();
  return found.map(({ _id, customer_identifier, fingerprint }) => ({
    id: _id,
    customerIdentifier: customer_identifier,
    fingerprint,
  }));
}

/** One SKU of the tenant, null if there is none with this id. */
export function getSkuDocument(
  { skus }: LineItemsContext,
  tenantId: string,
  id: string,
): Promise<SkuDocument | null> {
  return skus.collection.findOne({ _id: id, tenant_id: tenantId });
}

/** The SKU that a caller names by its id, its customer_identifier or both. Throws `REQUIRED`, `SKU_NOT_FOUND`. */
export async function getNamedSku(
  { skus }: LineItemsContext,
  tenantId: string,
  { sku_id, sku_customer_id }: Pick<LineItem, "sku_id" | "sku_customer_id">,
): Promise<SkuDocument> {
  if (!sku_id && !sku_customer_id) {
    throw refusalOf("/sku_customer_id", "REQUIRED", "name the SKU by sku_customer_id or sku_id");
  }
  const named = await skus.collection.findOne({
    tenant_id: tenantId,
    ...(sku_id ? { _id: sku_id } : {}),
    ...(sku_customer_id ? { customer_identifier: sku_customer_id } : {}),
  });
  if (named === null) throw new DomainError("SKU_NOT_FOUND");
  return named;
}

/**
 * The SKUs that these lines name, to be put into lines: they are marked as used first, so that none of them is
 * deleted while a line has it.
 */
export async function takeSkusOfLines(
  context: LineItemsContext,
  tenantId: string,
  lines: readonly SkuNames[],
): Promise<KnownSkus> {
  const known = await findSkusOfLines(context, tenantId, lines);
  const unused = [...known.byId.values(), ...known.byCustomerIdentifier.values()].filter(({ used }) => !used);
  return (await markUsed(context, unused)) ? known : findSkusOfLines(context, tenantId, lines);
}

/** Marks SKUs as used by something, once for all time. Answers false if one of them is not there any more. */
export async function markUsed(
  { skus }: Pick<LineItemsContext, "skus">,
  unused: readonly SkuDocument[],
): Promise<boolean> {
  if (unused.length === 0) return true;
  const ids = [...new Set(unused.map(({ _id }) => _id))];
  const { matchedCount } = await skus.collection.updateMany({ _id: { $in: ids } }, { $set: { used: true } });
  for (const sku of unused) sku.used = true;
  return matchedCount === ids.length;
}

/** The SKUs of the tenant with these ids, those that are known. */
export function findSkusById(
  { skus }: LineItemsContext,
  tenantId: string,
  ids: readonly string[],
  session: ClientSession,
): Promise<SkuDocument[]> {
  return skus.collection.find({ tenant_id: tenantId, _id: { $in: [...ids] } }, { session }).toArray();
}

/**
 * The SKUs that these lines name, as they are now: three queries at most, however many lines. Of those that are
 * in the cache an index tells whether they have changed.
 */
export async function findSkusOfLines(
  context: Pick<LineItemsContext, "skus" | "skuCache">,
  tenantId: string,
  lines: readonly SkuNames[],
): Promise<KnownSkus> {
  const cached = lines.map((names) => context.skuCache.find(tenantId, names) ?? null);
  const current = await findUnchanged(context, tenantId, [...new Set(cached)]);
  const left = lines.filter((_, index) => !current.has(cached[index]!));
  const found = await findNamedSkus(context, tenantId, left);
  context.skuCache.put(found);
  const known = [...current, ...found];
  return {
    byId: new Map(known.map((sku) => [sku._id, sku])),
    byCustomerIdentifier: new Map(known.map((sku) => [sku.customer_identifier, sku])),
  };
}

/** Those of the cached SKUs that are still what they were; the others leave the cache. */
async function findUnchanged(
  { skus, skuCache }: Pick<LineItemsContext, "skus" | "skuCache">,
  tenantId: string,
  cached: readonly (SkuDocument | null)[],
): Promise<ReadonlySet<SkuDocument>> {
  const asked = cached.filter((sku) => sku !== null);
  if (asked.length === 0) return new Set();
  const found = await skus.collection
    .find({ tenant_id: tenantId, _id: { $in: asked.map(({ _id }) => _id) } })
    .project<{ _id: string; version: number }>({ _id: 1, version: 1 })
    .toArray();
  const versions = new Map(found.map(({ _id, version }) => [_id, version]));
  const [unchanged, changed] = [true, false].map((same) =>
    asked.filter(({ _id, version }) => (versions.get(_id) === version) === same),
  );
  skuCache.drop(changed!);
  return new Set(unchanged);
}

async function findNamedSkus(
  { skus }: Pick<LineItemsContext, "skus">,
  tenantId: string,
  lines: readonly SkuNames[],
): Promise<SkuDocument[]> {
  const ids = distinct(lines.map(({ sku_id }) => sku_id));
  const names = distinct(lines.map(({ sku_customer_id }) => sku_customer_id));
  const [byId, byName] = await Promise.all([
    ids.length > 0 ? skus.collection.find({ tenant_id: tenantId, _id: { $in: ids } }).toArray() : [],
    names.length > 0
      ? skus.collection.find({ tenant_id: tenantId, customer_identifier: { $in: names } }).toArray()
      : [],
  ]);
  return [...byId, ...byName];
}

/** What a SKU is to become, with the fingerprint of the record. */
interface Replacement {
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
interface RemovedSku {
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

function distinct(values: readonly (string | null | undefined)[]): string[] {
  return [...new Set(values.filter((value) => typeof value === "string" && value !== ""))] as string[];
}
