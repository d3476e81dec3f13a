import { newAggregate, type AggregateDocument, type Decision } from "@waybill/events/aggregates.ts";
import type { ErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { newReference } from "@waybill/mongo/ids.ts";
import { LineItem, type OrderLines, type PickFrom } from "@waybill/proto/line_items/v1/line_items.ts";
import { priceLine } from "./price.ts";
import type { SkuDocument } from "./sku.ts";

/**
 * The lines of one order as one document: they are stored, changed and sealed together, so that an order
 * never has half of its lines. `_id` is the order's id; `version` is its `lines_revision`.
 */
export interface OrderLinesDocument extends AggregateDocument {
  /** Whether lines may still change here; false once the order has left `open`. */
  open: boolean;
  lines: LineItem[];
}

export const orderLinesCollection: CollectionDeclaration = {
  name: "order_lines",
  indexes: [{ name: "by_line", key: { tenant_id: 1, "lines.id": 1 } }],
};

/** The SKUs that lines name, by id and by customer_identifier. */
export interface KnownSkus {
  byId: ReadonlyMap<string, SkuDocument>;
  byCustomerIdentifier: ReadonlyMap<string, SkuDocument>;
}

/** Counters have up to ten digits (000 Orders Groupings). */
const AMOUNT_MAX = 9_999_999_999;
const blank = LineItem.decode(new Uint8Array());

/**
 * The rule of adding an order's first lines: each with its SKU's text and price of that moment. Throws
 * `REQUIRED`, `SKU_NOT_FOUND`, `SKU_MISMATCH` or `OUT_OF_RANGE` with the place in the order.
 */
export function createOrderLines(
  tenantId: string,
  { order_id, line_items, line_ids }: OrderLines,
  skus: KnownSkus,
  now: string,
): OrderLinesDocument {
  if (line_ids.length !== line_items.length) {
    throw refusal("INVALID_REQUEST", "/line_ids", "must have an id for each line");
  }
  const lines = line_items.map((line, index) => {
    const sku = skuOf(line, skus, index);
    return createLine(line, line_ids[index]!, sku, amountInBaseUnit(line, sku, index), now);
  });
  return { ...newAggregate(order_id!, tenantId, now), open: true, lines };
}

/** The rule of closing an order's lines to changes; closed ones stay as they are. */
export function seal(lines: OrderLinesDocument): Decision<OrderLinesDocument> {
  return { state: lines.open ? { ...lines, open: false } : lines, events: [] };
}

/** The message of an order's stored lines. */
export function toOrderLines({ _id, lines, version }: OrderLinesDocument): OrderLines {
  return {
    order_id: _id,
    line_items: lines.map((line) => ({ ...blank, ...line })),
    line_ids: [],
    lines_revision: version,
  };
}

function createLine(line: LineItem, id: string, sku: SkuDocument, amount: number, now: string): LineItem {
  const quantity = line.quantity!;
  return {
    ...blank,
    id,
    sku_id: sku._id,
    sku_customer_id: sku.customer_identifier,
    quantity,
    promised_delivery_date: line.promised_delivery_date ?? null,
    estimated_delivery_date: line.estimated_delivery_date ?? null,
    pick_from: line.pick_from as PickFrom[],
    references: [newReference("COL")],
    unit: sku.unit ?? null,
    base_unit: sku.base_unit ?? null,
    amount_in_base_unit: amount,
    description: sku.description ?? null,
    order_number: sku.supplier_order_number ?? sku.order_number ?? null,
    currency: sku.currency ?? null,
    catalog_price: sku.catalog_price ?? null,
    tax_rate: sku.tax_rate ?? null,
    price_units_per_unit: sku.price_units_per_unit ?? 1,
    ...priceOf(sku, quantity),
    created_at: now,
    updated_at: now,
  };
}

function amountInBaseUnit(line: LineItem, sku: SkuDocument, index: number): number {
  const amount = line.quantity! * (sku.base_units_per_unit ?? 1);
  if (amount <= AMOUNT_MAX) return amount;
  const detail = `quantity in base units (${sku.base_unit}) must be ${AMOUNT_MAX} or less`;
  throw refusal("OUT_OF_RANGE", `/line_items/${index}/quantity`, detail);
}

function priceOf(sku: SkuDocument, quantity: number) {
  return priceLine({
    unitPrice: sku.catalog_price ?? null,
    quantity,
    priceUnitsPerUnit: sku.price_units_per_unit ?? 1,
    taxRate: sku.tax_rate ?? null,
    currency: sku.currency ?? "EUR",
  });
}

function skuOf(line: LineItem, { byId, byCustomerIdentifier }: KnownSkus, index: number): SkuDocument {
  const place = (field: string) => `/line_items/${index}/${field}`;
  if (!line.sku_id && !line.sku_customer_id) {
    throw refusal("REQUIRED", place("sku_customer_id"), "a line names its SKU by sku_customer_id or sku_id");
  }
  const named = line.sku_customer_id ? byCustomerIdentifier.get(line.sku_customer_id) : undefined;
  if (line.sku_customer_id && !named)
    throw refusal("SKU_NOT_FOUND", place("sku_customer_id"), "there is no such SKU");
  const byItsId = line.sku_id ? byId.get(line.sku_id) : undefined;
  if (line.sku_id && !byItsId) throw refusal("SKU_NOT_FOUND", place("sku_id"), "there is no such SKU");
  if (named && byItsId && named._id !== byItsId._id) {
    throw refusal("SKU_MISMATCH", place("sku_id"), "sku_id and sku_customer_id name different SKUs");
  }
  return (named ?? byItsId)!;
}

function refusal(code: ErrorCode, pointer: string, detail: string): DomainError {
  return new DomainError(code, detail, { violations: [{ pointer, code, detail }] });
}
