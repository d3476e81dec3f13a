import { DomainError } from "@waybill/errors/domain-error.ts";
import { fingerprint } from "@waybill/events/fingerprint.ts";
import type {
  ReportShipmentEventsRequest,
  ReportShipmentEventsResponse,
  ShipmentEvent,
} from "@waybill/proto/orders/v1/sandbox.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { appliedRequest } from "../applied-requests.ts";
import type { OrdersContext } from "../context.ts";
import { deliver } from "../lifecycle.ts";
import type { OrderDocument } from "../order.ts";
import { sandboxBatch } from "../sandbox.ts";
import { findOrderByTrackingNumber, updateOrder } from "../store.ts";

export function reportShipmentEvents(
  context: OrdersContext,
  { events }: ReportShipmentEventsRequest,
  call: Call,
): Promise<ReportShipmentEventsResponse> {
  return sandboxBatch(context, call, events, (event) => deliverShipment(context, event, call));
}

/** A repeat, told of a shipment that has arrived, changes nothing. */
async function deliverShipment(
  context: OrdersContext,
  { tracking_number }: ShipmentEvent,
  { tenantId, traceparent }: Call,
): Promise<OrderDocument> {
  const order = await findOrderByTrackingNumber(context, tenantId, tracking_number!);
  const shipments = order?.shipments.filter((one) => one.tracking_number === tracking_number) ?? [];
  if (!order || shipments.length === 0) throw new DomainError("SHIPMENT_NOT_FOUND");
  const ids = shipments.filter(({ delivered_at }) => !delivered_at).map(({ shipment_id }) => shipment_id!);
  if (ids.length === 0) return order;
  // Its name has the shipments in it: a later one of the order may get the same number.
  const request = appliedRequest("deliver", `carrier:${fingerprint({ tracking_number, ids })}`, {});
  const change = { tenantId, name: order._id, request, traceparent };
  return updateOrder(context, change, (now) => deliver(now, ids));
}
