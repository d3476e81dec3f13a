import { inTransaction } from "@waybill/mongo/transaction.ts";
import type {
  RecordStorefrontPaymentRequest,
  RecordStorefrontPaymentResponse,
} from "@waybill/proto/orders/v1/storefront.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { recordPayment, toStanding } from "../storefront.ts";
import { changeStoredOrder } from "../storefront-store.ts";

export async function recordStorefrontPayment(
  context: OrdersContext,
  { order_id, payment_status }: RecordStorefrontPaymentRequest,
  { tenantId, traceparent }: Call,
): Promise<RecordStorefrontPaymentResponse> {
  const name = { tenantId, orderId: order_id!, place: "/order_id" };
  const order = await inTransaction(context.orders.client, (session) =>
    changeStoredOrder(context, name, traceparent, session, (current) =>
      recordPayment(current, payment_status!),
    ),
  );
  return { order: toStanding(order) };
}
