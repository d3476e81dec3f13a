import { isDeepStrictEqual } from "node:util";
import { refusalOf } from "@waybill/errors/domain-error.ts";
import { newReference } from "@waybill/mongo/ids.ts";
import { messageOf } from "@waybill/mongo/stored.ts";
import { LineItem, type PickFrom } from "@waybill/proto/line_items/v1/line_items.ts";
import { countersOf, noUnits, type LedgerSums } from "./ledger.ts";
import { priceLine } from "./price.ts";
import type { SkuDocument } from "./sku.ts";

/** The SKUs that lines name, by id and by customer_identifier. */
export interface KnownSkus {
  byId: ReadonlyMap<string, SkuDocument>;
  byCustomerIdentifier: ReadonlyMap<string, SkuDocument>;
}

/** How a line names its SKU. */
export type SkuNames = Pick<LineItem, "sku_id" | "sku_customer_id">;

/** Where the fields of a line are in the request that brought it: a JSON pointer of a field. */
type PlaceOf = (field: string) => string;

/** Counters have up to ten digits (000 Orders Groupings). */
const AMOUNT_MAX = 9_999_999_999;
const blank = LineItem.decode(new Uint8Array());

/**
 * The rule of a new line: it gets its SKU's text, units and price of this moment. Throws `SKU_RETIRED` or
 * `OUT_OF_RANGE`.
 */
export function createLine(
  line: LineItem,
  sku: SkuDocument,
  { id, now, place }: { id: string; now: string; place: PlaceOf },
): LineItem {
  if (sku.retired_at) {
    throw refusalOf(place(line.sku_id ? "sku_id" : "sku_customer_id"), "SKU_RETIRED", "is retired");
  }
  return settle(
    {
      ...blank,
      ...ofSku(sku),
      id,
      ...termsOf(line),
      references: [newReference("COL")],
      created_at: now,
      updated_at: now,
      version: 1,
      uom_quantity_allocated: 0,
    },
    noUnits,
    place,
  );
}

/**
 * The rule of changing a line: what follows from the changed fields and the sums of its ledger is computed
 * anew. The line itself if nothing changes. Throws `OUT_OF_RANGE`.
 */
export function changeLine(
  line: LineItem,
  change: Partial<LineItem>,
  { sums, now, place }: { sums: LedgerSums; now: string; place: PlaceOf },
): LineItem {
  const next = settle({ ...line, ...change }, sums, place);
  if (isDeepStrictEqual(next, line)) return line;
  return { ...next, version: (line.version ?? 0) + 1, updated_at: now };
}

/** What a caller says about a line, besides its SKU. */
export function termsOf(line: LineItem) {
  return {
    quantity: line.quantity!,
    promised_delivery_date: line.promised_delivery_date ?? null,
    estimated_delivery_date: line.estimated_delivery_date ?? null,
    pick_from: line.pick_from as PickFrom[],
  } satisfies Partial<LineItem>;
}

/** What a line takes from its SKU when it is added, or when it changes to that SKU. */
export function ofSku(sku: SkuDocument) {
  return {
    sku_id: sku._id,
    sku_customer_id: sku.customer_identifier,
    unit: sku.unit ?? null,
    base_unit: sku.base_unit ?? null,
    base_units_per_unit: sku.base_units_per_unit ?? 1,
    price_units_per_unit: sku.price_units_per_unit ?? 1,
    description: sku.description ?? null,
    order_number: sku.supplier_order_number ?? sku.order_number ?? null,
    currency: sku.currency ?? null,
    catalog_price: sku.catalog_price ?? null,
    tax_rate: sku.tax_rate ?? null,
  } satisfies Partial<LineItem>;
}

/**
 * The SKU that a line names, by its id, by the merchant's name, or by both if they agree. Throws `REQUIRED`,
 * `SKU_NOT_FOUND` or `SKU_MISMATCH`.
 */
export function skuOf(
  { sku_id, sku_customer_id }: SkuNames,
  { byId, byCustomerIdentifier }: KnownSkus,
  place: PlaceOf,
): SkuDocument {
  if (!sku_id && !sku_customer_id) {
    throw refusalOf(
      place("sku_customer_id"),
      "REQUIRED",
      "a line names its SKU by sku_customer_id or sku_id",
    );
  }
  const named = sku_customer_id ? byCustomerIdentifier.get(sku_customer_id) : undefined;
  if (sku_customer_id && !named)
    throw refusalOf(place("sku_customer_id"), "SKU_NOT_FOUND", "there is no such SKU");
  const byItsId = sku_id ? byId.get(sku_id) : undefined;
  if (sku_id && !byItsId) throw refusalOf(place("sku_id"), "SKU_NOT_FOUND", "there is no such SKU");
  if (named && byItsId && named._id !== byItsId._id) {
    throw refusalOf(place("sku_id"), "SKU_MISMATCH", "sku_id and sku_customer_id name different SKUs");
  }
  return (named ?? byItsId)!;
}

/** A stored line as a message: a field that it was stored without is null. */
export function toLineItem(line: LineItem): LineItem {
  return messageOf(blank, line);
}

/** The line with everything that follows from its facts and its ledger: amount, price, counters. */
function settle(line: LineItem, sums: LedgerSums, place: PlaceOf): LineItem {
  const quantity = line.quantity!;
  return {
    ...line,
    amount_in_base_unit: amountInBaseUnit(line, place),
    ...countersOf(quantity, sums),
    ...priceLine({
      unitPrice: line.confirmed_price ?? line.catalog_price ?? null,
      quantity,
      priceUnitsPerUnit: line.price_units_per_unit ?? 1,
      taxRate: line.tax_rate ?? null,
      currency: line.currency ?? "EUR",
    }),
  };
}

function amountInBaseUnit({ quantity, base_unit, base_units_per_unit }: LineItem, place: PlaceOf): number {
  const amount = quantity! * base_units_per_unit!;
  if (amount <= AMOUNT_MAX) return amount;
  const detail = `quantity in base units (${base_unit}) must be ${AMOUNT_MAX} or less`;
  throw refusalOf(place("quantity"), "OUT_OF_RANGE", detail);
}
