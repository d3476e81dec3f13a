import type {
  CreateStorefrontOrdersRequest,
  CreateStorefrontOrdersResponse,
  StorefrontOrder,
} from "@waybill/proto/orders/v1/storefront.ts";
import { Order } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { createRecords } from "../create-records.ts";

// What a record without its order is refused for is known already.
const blank = Order.decode(new Uint8Array());

export function createStorefrontOrders(
  context: OrdersContext,
  { orders }: CreateStorefrontOrdersRequest,
  call: Call,
): Promise<CreateStorefrontOrdersResponse> {
  return createRecords(context, orders.map(toRecord), call, "atomic");
}

function toRecord({ storefront_id, order }: StorefrontOrder): Order {
  return {
    ...blank,
    ...order,
    storefront_id,
    order_type: "storefront",
    customer_identifier: `storefront-${storefront_id}`,
  };
}
