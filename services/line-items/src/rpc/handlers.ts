import type { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import type { SkuServiceService } from "@waybill/proto/line_items/v1/skus.ts";
import type { Handlers } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { createLineItems } from "./create-line-items.ts";
import { createSkus } from "./create-skus.ts";
import { getSku } from "./get-sku.ts";
import { listLineItems } from "./list-line-items.ts";
import { listSkus } from "./list-skus.ts";
import { rebuildLedger } from "./rebuild-ledger.ts";
import { replaceLines } from "./replace-lines.ts";
import { sealLines } from "./seal-lines.ts";

export const skuHandlers: Handlers<LineItemsContext, typeof SkuServiceService> = {
  createSkus,
  getSku,
  listSkus,
};

export const lineItemHandlers: Handlers<LineItemsContext, typeof LineItemServiceService> = {
  createLineItems,
  listLineItems,
  rebuildLedger,
  replaceLines,
  sealLines,
};
