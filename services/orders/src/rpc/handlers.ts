import type { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import type { Handlers } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { createOrders } from "./create-orders.ts";
import { findOrders } from "./find-orders.ts";
import { getOrder } from "./get-order.ts";
import { listOrderEvents } from "./list-order-events.ts";
import { listOrders } from "./list-orders.ts";

export const orderHandlers: Handlers<OrdersContext, typeof OrderServiceService> = {
  createOrders,
  findOrders,
  getOrder,
  listOrderEvents,
  listOrders,
};
