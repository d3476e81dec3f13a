import { randomUUID } from "node:crypto";
import { aSku } from "@waybill/dev-env/records.ts";
import type { Lot, ReceiveStockRequest } from "@waybill/proto/line_items/v1/inventory.ts";
import type { Sku } from "@waybill/proto/line_items/v1/skus.ts";
import type { TestNetwork } from "../../../test/network.ts";

/** What a warehouse of one tenant does, each call with a request id of its own. */
export interface StockCalls {
  sku: (name: string, change?: Partial<Sku>) => Promise<string>;
  facility: (id: string, change?: { country_code?: string; cost_rank?: number }) => Promise<unknown>;
  /** A receipt in the facility `east`, to be called with. */
  receipt: (sku: string, quantity: number, change?: Partial<ReceiveStockRequest>) => ReceiveStockRequest;
  receive: (sku: string, quantity: number, change?: Partial<ReceiveStockRequest>) => Promise<Lot>;
  adjust: (sku: string, lot: string, change: number, reason: string) => Promise<Lot>;
  move: (
    sku: string,
    lot: string,
    quantity: number,
    to: { facility_id?: string; status?: string },
  ) => Promise<Lot>;
}

/** The calls of one tenant. */
export function newStockCalls({ skus, inventory, as }: TestNetwork, tenant: string): StockCalls {
  const receipt: StockCalls["receipt"] = (sku, quantity, change = {}) => ({
    request_id: randomUUID(),
    sku_customer_id: sku,
    facility_id: "east",
    quantity,
    ...change,
  });
  return {
    receipt,
    async sku(name, change = {}) {
      const { results } = await skus.createSkus({ skus: [aSku(name, change)] }, as(tenant));
      return results[0]!.system_id!;
    },
    facility: (id, change = {}) =>
      inventory.putFacility({ facility: { id, country_code: "US", ...change } }, as(tenant)),
    async receive(sku, quantity, change) {
      const { lot } = await inventory.receiveStock(receipt(sku, quantity, change), as(tenant));
      return lot!;
    },
    async adjust(sku, lot_id, change, reason) {
      const call = { request_id: randomUUID(), sku_customer_id: sku, lot_id, change, reason };
      const { lot } = await inventory.adjustStock(call, as(tenant));
      return lot!;
    },
    async move(sku, lot_id, quantity, to) {
      const call = { request_id: randomUUID(), sku_customer_id: sku, lot_id, quantity, ...to };
      const { lot } = await inventory.moveStock(call, as(tenant));
      return lot!;
    },
  };
}
