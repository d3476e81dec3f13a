import type { AllocationServiceService } from "@waybill/proto/line_items/v1/allocation.ts";
import type { InventoryServiceService } from "@waybill/proto/line_items/v1/inventory.ts";
import type { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import type { OrderLineItemServiceService } from "@waybill/proto/line_items/v1/order_line_items.ts";
import type { StockSandboxServiceService } from "@waybill/proto/line_items/v1/stock_sandbox.ts";
import type { SkuServiceService } from "@waybill/proto/line_items/v1/skus.ts";
import type { Handlers } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { abandonReplacement } from "./abandon-replacement.ts";
import { adjustStock } from "./adjust-stock.ts";
import { createAvailable } from "./create-available.ts";
import { countLineItems } from "./count-line-items.ts";
import { createLineItems } from "./create-line-items.ts";
import { confirmLineItem } from "./confirm-line-item.ts";
import { createOrderLineItem } from "./create-order-line-item.ts";
import { createSkus } from "./create-skus.ts";
import { deleteOrderLineItem } from "./delete-order-line-item.ts";
import { deleteSkus } from "./delete-skus.ts";
import { getAllocation } from "./get-allocation.ts";
import { getOrderLineItem } from "./get-order-line-item.ts";
import { getSku } from "./get-sku.ts";
import { listFacilities } from "./list-facilities.ts";
import { listInventory } from "./list-inventory.ts";
import { listLineItems } from "./list-line-items.ts";
import { listLots } from "./list-lots.ts";
import { listOrderLineItems } from "./list-order-line-items.ts";
import { listSkus } from "./list-skus.ts";
import { rebuildLedger } from "./rebuild-ledger.ts";
import { loseInventory } from "./lose-inventory.ts";
import { moveStock } from "./move-stock.ts";
import { putFacility } from "./put-facility.ts";
import { receiveStock } from "./receive-stock.ts";
import { replaceLines } from "./replace-lines.ts";
import { sealLines } from "./seal-lines.ts";
import { updateOrderLineItem } from "./update-order-line-item.ts";
import { updateSkus } from "./update-skus.ts";

export const skuHandlers: Handlers<LineItemsContext, typeof SkuServiceService> = {
  createSkus,
  deleteSkus,
  getSku,
  listSkus,
  updateSkus,
};

export const lineItemHandlers: Handlers<LineItemsContext, typeof LineItemServiceService> = {
  abandonReplacement,
  countLineItems,
  createLineItems,
  listLineItems,
  rebuildLedger,
  replaceLines,
  sealLines,
};

export const orderLineItemHandlers: Handlers<LineItemsContext, typeof OrderLineItemServiceService> = {
  confirmLineItem,
  createOrderLineItem,
  deleteOrderLineItem,
  getOrderLineItem,
  listOrderLineItems,
  updateOrderLineItem,
};

export const inventoryHandlers: Handlers<LineItemsContext, typeof InventoryServiceService> = {
  adjustStock,
  listFacilities,
  listInventory,
  listLots,
  moveStock,
  putFacility,
  receiveStock,
};

export const stockSandboxHandlers: Handlers<LineItemsContext, typeof StockSandboxServiceService> = {
  createAvailable,
  loseInventory,
};

export const allocationHandlers: Handlers<LineItemsContext, typeof AllocationServiceService> = {
  getAllocation,
};
