import { DomainError, refusalAt } from "@waybill/errors/domain-error.ts";
import type { Shipment } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Status } from "./legality.ts";
import type { OrderDocument } from "./order.ts";
import type { LineUnits } from "./units.ts";

/** What a warehouse says of a shipment; the rest follows from the order. */
type Parcel = Partial<Shipment>;

/** Every event carries all of them, and must pass Kafka. */
const SHIPMENTS_MAX = 200;

/** The order's shipments with one more, of these units. Throws `DUPLICATE_SHIPMENT` or `RECORD_TOO_LARGE`. */
export function withShipment(order: OrderDocument, parcel: Parcel, units: readonly LineUnits[]): Shipment[] {
  if (order.shipments.some(({ shipment_id }) => shipment_id === parcel.shipment_id))
    throw new DomainError("DUPLICATE_SHIPMENT");
  if (order.shipments.length >= SHIPMENTS_MAX)
    throw new DomainError("RECORD_TOO_LARGE", `an order has at most ${SHIPMENTS_MAX} shipments`);
  return [...order.shipments, toShipment(order, parcel, units)];
}

/** The order's shipments when these arrive; none named: all. Throws `SHIPMENT_NOT_FOUND`. */
export function withArrived(
  { shipments, updated_at }: OrderDocument,
  shipmentIds: readonly string[],
): Shipment[] {
  const onTheirWay = shipments.filter(isOnItsWay).map(({ shipment_id }) => shipment_id!);
  const unknown = shipmentIds.findIndex((id) => !onTheirWay.includes(id));
  if (unknown !== -1) throw refusalAt(`/shipment_ids/${unknown}`, "SHIPMENT_NOT_FOUND", "is not on its way");
  const arriving = new Set(shipmentIds.length > 0 ? shipmentIds : onTheirWay);
  return shipments.map((one) =>
    arriving.has(one.shipment_id!) ? { ...one, delivered_at: updated_at } : one,
  );
}

/** The status that follows from what has arrived. */
export function arrived(order: OrderDocument): Status {
  return order.status === "fulfilled" && !order.shipments.some(isOnItsWay)
    ? "delivered"
    : (order.status as Status);
}

/** A fulfilled order whose every shipment arrived before its rest was shorted is delivered by a call that names none. */
export function mayArrive(order: OrderDocument): boolean {
  return order.status === "fulfilled" || order.shipments.some(isOnItsWay);
}

function isOnItsWay({ delivered_at }: Shipment): boolean {
  return !delivered_at;
}

function toShipment(order: OrderDocument, parcel: Parcel, units: readonly LineUnits[]): Shipment {
  return {
    shipment_id: parcel.shipment_id!,
    shipping_provider: parcel.shipping_provider ?? order.shipping_provider ?? null,
    shipper_service_level: parcel.shipper_service_level ?? order.shipper_service_level ?? null,
    tracking_number: parcel.tracking_number ?? null,
    tracking_url: parcel.tracking_url ?? null,
    shipment_date_time: parcel.shipment_date_time ?? order.updated_at,
    delivered_at: null,
    shipment_line_items: units.map(({ line, quantity, grouping_id }) => ({
      sku_customer_id: line.sku_customer_id,
      quantity,
      order_line_item_id: line.id,
      grouping_id,
    })),
  };
}
