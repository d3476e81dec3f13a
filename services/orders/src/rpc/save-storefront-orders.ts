import { inTransaction } from "@waybill/mongo/transaction.ts";
import type {
  SaveStorefrontOrdersRequest,
  SaveStorefrontOrdersResponse,
  StorefrontOrder,
} from "@waybill/proto/orders/v1/storefront.ts";
import { Order } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { ClientSession } from "mongodb";
import type { OrdersContext } from "../context.ts";
import { createRecords } from "../create-records.ts";
import { createAtomically } from "../creation.ts";
import { changeStorefront, shippingAddressOf } from "../storefront.ts";
import { changeStoredOrder } from "../storefront-store.ts";

// What a record without its order is refused for is known already.
const blank = Order.decode(new Uint8Array());

export async function saveStorefrontOrders(
  context: OrdersContext,
  { orders, changes }: SaveStorefrontOrdersRequest,
  call: Call,
): Promise<SaveStorefrontOrdersResponse> {
  const change = async (session: ClientSession) => {
    for (const [index, { order_id, storefront }] of changes.entries()) {
      const place = `/changes/${index}/order_id`;
      const name = { tenantId: call.tenantId, orderId: order_id!, place };
      await changeStoredOrder(context, name, call.traceparent, session, (order) =>
        changeStorefront(order, storefront ?? null, place),
      );
    }
  };
  const atomicCreation: OrdersContext["atomicCreation"] = {
    submit: (tenantId, candidates) => createAtomically(context, tenantId, candidates, change),
  };
  const response = await createRecords({ ...context, atomicCreation }, orders.map(toRecord), call, "atomic");
  // If no order was new nothing took the changes along; if one was, they are made already.
  if (response.records_failed === 0) await inTransaction(context.orders.client, change);
  return response;
}

function toRecord({ storefront_id, customer_identifier, order, storefront }: StorefrontOrder): Order {
  return {
    ...blank,
    ...order,
    ...(storefront ? { storefront, ...shippingAddressOf(storefront) } : {}),
    storefront_id,
    order_type: "storefront",
    customer_identifier,
  };
}
