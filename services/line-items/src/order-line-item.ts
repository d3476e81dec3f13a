import { DomainError } from "@waybill/errors/domain-error.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Link, OrderLineItem } from "@waybill/proto/line_items/v1/order_line_items.ts";
import type { LineItemsContext } from "./context.ts";
import { toLineItem } from "./line.ts";
import type { OrderLinesDocument } from "./order-lines.ts";
import type { SkuDocument } from "./sku.ts";
import { findSkusOfLines } from "./sku-store.ts";

/** The base path of the reference documents' links. */
const BASE_PATH = "/consumers/api/v1";

/** One line of an order as 003 Order Line Items shows it. Throws `LINE_ITEM_NOT_FOUND`. */
export async function showLine(
  context: LineItemsContext,
  document: OrderLinesDocument,
  lineId: string,
): Promise<OrderLineItem> {
  const lines = document.lines.filter(({ id }) => id === lineId);
  const [shown] = await showLines(context, { ...document, lines });
  if (shown === undefined) throw new DomainError("LINE_ITEM_NOT_FOUND");
  return shown;
}

/** The lines of an order as 003 Order Line Items shows them. */
export async function showLines(
  context: LineItemsContext,
  document: OrderLinesDocument,
): Promise<OrderLineItem[]> {
  const bySkuId = document.lines.map(({ sku_id }) => ({ sku_id, sku_customer_id: null }));
  const { byId } = await findSkusOfLines(context, document.tenant_id, bySkuId);
  return document.lines.map((line) => viewOf(document, toLineItem(line), byId.get(line.sku_id!) ?? null));
}

function viewOf(
  { _id, order_reference }: OrderLinesDocument,
  { quantity, price_units_per_unit, base_units_per_unit, ...line }: LineItem,
  sku: SkuDocument | null,
): OrderLineItem {
  return {
    ...(line as Omit<OrderLineItem, "order_id" | "amount" | "order" | "sku">),
    order_id: _id,
    amount: quantity!,
    order: {
      id: _id,
      references: order_reference === null ? [] : [order_reference],
      links: linksTo(`/orders/${_id}`),
    },
    sku: {
      id: line.sku_id!,
      order_number: sku?.order_number ?? null,
      links: linksTo(`/skus/${line.sku_id}`),
    },
  };
}

function linksTo(path: string): Link[] {
  return [{ rel: "self", href: BASE_PATH + path }];
}
