import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { eachKey } from "@waybill/consumer/keys.ts";
import type { OrderRequestCommand } from "@waybill/proto/orders/v1/order_requests.ts";
import { decideRequest, type DecidingContext } from "../decide-request.ts";

/** Orders whose requests are decided at the same time. */
const ORDERS_AT_ONCE = 8;

/**
 * Decides the requests that these commands name: those of one order one after the other. A command that
 * comes again finds its request decided.
 */
export async function onOrderRequests(
  context: DecidingContext,
  events: readonly ConsumedEvent[],
): Promise<void> {
  const commands = events.map((event) => ({
    ...event,
    command: JSON.parse(event.data) as OrderRequestCommand,
  }));
  await eachKey(
    commands,
    ORDERS_AT_ONCE,
    async ({ tenantId, command }) => void (await decideRequest(context, tenantId, command.id)),
    ({ tenantId, command }) => `${tenantId}/${command.order_id}`,
  );
}
