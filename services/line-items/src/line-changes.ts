import type { Decision } from "@waybill/events/aggregates.ts";
import { DomainError, refusalOf } from "@waybill/errors/domain-error.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type {
  ConfirmLineItemRequest,
  NewOrderLineItem,
  OrderLineItemChange,
  UpdateOrderLineItemRequest,
} from "@waybill/proto/line_items/v1/order_line_items.ts";
import { assertMatches } from "@waybill/rpc/entity-tag.ts";
import { changeLine, createLine, ofSku, skuOf, type KnownSkus, type SkuNames } from "./line.ts";
import type { SkuDocument } from "./sku.ts";
import { changed, sumsOf, type OrderLinesDocument } from "./order-lines.ts";

/** As many as an order may have (001 Orders). */
const LINES_MAX = 500;

/** The rule of adding a line to an open order, see `CreateOrderLineItem` in the proto. */
export function addLine(
  document: OrderLinesDocument,
  input: NewOrderLineItem,
  id: string,
  skus: KnownSkus,
): Decision<OrderLinesDocument> {
  assertOpen(document);
  if (document.lines.length >= LINES_MAX) {
    throw new DomainError("RECORD_TOO_LARGE", `an order has at most ${LINES_MAX} lines`);
  }
  const { amount, ...rest } = input;
  const facts = { id, now: document.updated_at, place };
  const line = createLine({ ...rest, quantity: amount } as LineItem, skuInBody(input, skus), facts);
  return changed({ ...document, lines: [...document.lines, line] }, "added");
}

/** The rule of changing a line of an open order, see `UpdateOrderLineItem` in the proto. */
export function patchLine(
  document: OrderLinesDocument,
  lineId: string,
  {
    order_line_item,
    update_mask,
    if_match,
  }: Pick<UpdateOrderLineItemRequest, "order_line_item" | "update_mask" | "if_match">,
  skus: KnownSkus,
): Decision<OrderLinesDocument> {
  const line = lineOf(document, lineId);
  assertMatches(String(line.version), if_match);
  assertOpen(document);
  return withLine(document, line, changeOf(line, order_line_item!, update_mask, skus), "patched");
}

/** The rule of removing a line from an open order, see `DeleteOrderLineItem` in the proto. */
export function removeLine(
  document: OrderLinesDocument,
  lineId: string,
  ifMatch: string | null | undefined,
): Decision<OrderLinesDocument> {
  const line = lineOf(document, lineId);
  assertMatches(String(line.version), ifMatch);
  assertOpen(document);
  if (document.lines.length === 1) throw new DomainError("LAST_LINE");
  return changed({ ...document, lines: document.lines.filter((other) => other !== line) }, "deleted");
}

/** The rule of confirming a line, whatever the order's status, see `ConfirmLineItem` in the proto. */
export function confirmLine(
  document: OrderLinesDocument,
  { order_line_item_id, confirmed_price, confirmed_delivery_at }: ConfirmLineItemRequest,
): Decision<OrderLinesDocument> {
  const line = lineOf(document, order_line_item_id!);
  const change = {
    confirmed_price: confirmed_price ?? line.confirmed_price ?? null,
    confirmed_delivery_at: confirmed_delivery_at ?? line.confirmed_delivery_at ?? null,
  };
  return withLine(document, line, change, "confirmed");
}

/** The fields of the mask; what is null there is cleared, where it can be. */
function changeOf(
  line: LineItem,
  { sku_id, amount, promised_delivery_date, estimated_delivery_date, pick_from }: OrderLineItemChange,
  mask: readonly string[],
  skus: KnownSkus,
): Partial<LineItem> {
  const given = new Set(mask);
  for (const [field, value] of [
    ["sku_id", sku_id],
    ["amount", amount],
  ] as const) {
    if (given.has(field) && (value ?? null) === null) {
      throw refusalOf(place(field), "REQUIRED", "cannot be cleared");
    }
  }
  return {
    ...(given.has("amount") ? { quantity: amount! } : {}),
    ...(given.has("promised_delivery_date")
      ? { promised_delivery_date: promised_delivery_date ?? null }
      : {}),
    ...(given.has("estimated_delivery_date")
      ? { estimated_delivery_date: estimated_delivery_date ?? null }
      : {}),
    ...(given.has("pick_from") ? { pick_from } : {}),
    ...(given.has("sku_id") && sku_id !== line.sku_id ? ofOtherSku(sku_id!, skus) : {}),
  };
}

/** What was confirmed was confirmed for the SKU before. */
function ofOtherSku(sku_id: string, skus: KnownSkus): Partial<LineItem> {
  const sku = skuInBody({ sku_id, sku_customer_id: null }, skus);
  if (sku.retired_at) throw refusalOf(place("sku_id"), "SKU_RETIRED", "is retired");
  return { ...ofSku(sku), confirmed_price: null, confirmed_delivery_at: null };
}

/** An unknown SKU makes the body wrong: it is not the resource that was not found. */
function skuInBody(names: SkuNames, skus: KnownSkus): SkuDocument {
  try {
    return skuOf(names, skus, place);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new DomainError("INVALID_REQUEST", undefined, { violations: error.violations });
  }
}

function withLine(
  document: OrderLinesDocument,
  line: LineItem,
  change: Partial<LineItem>,
  cause: "patched" | "confirmed",
): Decision<OrderLinesDocument> {
  const facts = { sums: sumsOf(document, line), now: document.updated_at, place };
  const next = changeLine(line, change, facts);
  if (next === line) return { state: document, events: [] };
  const lines = document.lines.map((other) => (other === line ? next : other));
  return changed({ ...document, lines }, cause);
}

function lineOf({ lines }: OrderLinesDocument, lineId: string): LineItem {
  const line = lines.find(({ id }) => id === lineId);
  if (line === undefined) throw new DomainError("LINE_ITEM_NOT_FOUND");
  return line;
}

function assertOpen({ open }: OrderLinesDocument): void {
  if (!open) throw new DomainError("LINES_CLOSED");
}

function place(field: string): string {
  return `/order_line_item/${field === "quantity" ? "amount" : field}`;
}
