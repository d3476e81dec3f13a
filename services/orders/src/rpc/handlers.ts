import type { FulfillmentServiceService } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { OrderRequestServiceService } from "@waybill/proto/orders/v1/order_requests.ts";
import type { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import type { ReturnServiceService } from "@waybill/proto/orders/v1/returns.ts";
import type { SandboxServiceService } from "@waybill/proto/orders/v1/sandbox.ts";
import type { StorefrontOrderServiceService } from "@waybill/proto/orders/v1/storefront.ts";
import type { Handlers } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { acceptOrder } from "./accept-order.ts";
import { advanceOrders } from "./advance-orders.ts";
import { cancelReturn } from "./cancel-return.ts";
import { createOrderCancelRequests } from "./create-order-cancel-requests.ts";
import { createOrderUpdateRequests } from "./create-order-update-requests.ts";
import { createOrders } from "./create-orders.ts";
import { createReturn } from "./create-return.ts";
import { deliverOrder } from "./deliver-order.ts";
import { findOrders } from "./find-orders.ts";
import { findStorefrontOrders } from "./find-storefront-orders.ts";
import { getOrderCancelRequest } from "./get-order-cancel-request.ts";
import { getOrderUpdateRequest } from "./get-order-update-request.ts";
import { getOrder } from "./get-order.ts";
import { getReturn } from "./get-return.ts";
import { holdOrderRequests } from "./hold-order-requests.ts";
import { holdOrder } from "./hold-order.ts";
import { listOrderCancelRequests } from "./list-order-cancel-requests.ts";
import { listOrderEvents } from "./list-order-events.ts";
import { listOrderUpdateRequests } from "./list-order-update-requests.ts";
import { listOrders } from "./list-orders.ts";
import { listReturns } from "./list-returns.ts";
import { listShipments } from "./list-shipments.ts";
import { packOrder } from "./pack-order.ts";
import { receiveReturn } from "./receive-return.ts";
import { recordStorefrontPayment } from "./record-storefront-payment.ts";
import { rejectReturn } from "./reject-return.ts";
import { releaseOrder } from "./release-order.ts";
import { resolveOrderCancels } from "./resolve-order-cancels.ts";
import { resolveOrderUpdates } from "./resolve-order-updates.ts";
import { resolveOrder } from "./resolve-order.ts";
import { reportReturnEvents } from "./report-return-events.ts";
import { reportShipmentEvents } from "./report-shipment-events.ts";
import { saveStorefrontOrders } from "./save-storefront-orders.ts";
import { shipOrder } from "./ship-order.ts";
import { shipOrders } from "./ship-orders.ts";
import { shortOrder } from "./short-order.ts";
import { startOrder } from "./start-order.ts";
import { watchOrders } from "./watch-orders.ts";

export const orderHandlers: Handlers<OrdersContext, typeof OrderServiceService> = {
  createOrders,
  findOrders,
  getOrder,
  listOrderEvents,
  listOrders,
  listShipments,
  resolveOrder,
};

export const requestHandlers: Handlers<OrdersContext, typeof OrderRequestServiceService> = {
  createOrderCancelRequests,
  createOrderUpdateRequests,
  getOrderCancelRequest,
  getOrderUpdateRequest,
  listOrderCancelRequests,
  listOrderUpdateRequests,
};

export const fulfillmentHandlers: Handlers<OrdersContext, typeof FulfillmentServiceService> = {
  acceptOrder,
  deliverOrder,
  holdOrder,
  packOrder,
  releaseOrder,
  shipOrder,
  shortOrder,
  startOrder,
  watchOrders,
};

export const returnHandlers: Handlers<OrdersContext, typeof ReturnServiceService> = {
  cancelReturn,
  createReturn,
  getReturn,
  listReturns,
  receiveReturn,
  rejectReturn,
};

export const sandboxHandlers: Handlers<OrdersContext, typeof SandboxServiceService> = {
  advanceOrders,
  holdOrderRequests,
  reportReturnEvents,
  reportShipmentEvents,
  resolveOrderCancels,
  resolveOrderUpdates,
  shipOrders,
};

export const storefrontHandlers: Handlers<OrdersContext, typeof StorefrontOrderServiceService> = {
  findStorefrontOrders,
  recordStorefrontPayment,
  saveStorefrontOrders,
};
