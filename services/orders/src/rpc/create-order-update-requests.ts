import { DomainError } from "@waybill/errors/domain-error.ts";
import { newId } from "@waybill/mongo/ids.ts";
import type {
  CreateOrderUpdateRequestsRequest,
  CreateOrderUpdateRequestsResponse,
} from "@waybill/proto/orders/v1/order_requests.ts";
import { batchResponse, recordFailed, recordSuccess } from "@waybill/rpc/batch.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { addressWarnings } from "../address-warnings.ts";
import type { OrdersContext } from "../context.ts";
import { assertLinesBounded, recordRefusal } from "../order.ts";
import { createRequest, type NewRequest } from "../request.ts";
import { findOrderIdsByName, insertRequests } from "../request-store.ts";

export async function createOrderUpdateRequests(
  context: OrdersContext,
  { requests }: CreateOrderUpdateRequestsRequest,
  call: Call,
): Promise<CreateOrderUpdateRequestsResponse> {
  assertLinesBounded(requests);
  const refused = requests.map((record, index) => call.failures.get(index) ?? recordRefusal(record));
  const named = requests.filter((_, index) => refused[index] === null);
  const orderIds = await findOrderIdsByName(
    context,
    call.tenantId,
    named.map(({ customer_identifier }) => customer_identifier!),
  );
  const asked = requests.map((record, index): NewRequest | DomainError => {
    const name = record.customer_identifier!;
    const orderId = orderIds.get(name);
    if (refused[index]) return refused[index];
    if (orderId === undefined) return new DomainError("ORDER_NOT_FOUND");
    const order = { id: orderId, customerIdentifier: name };
    return { id: newId(), kind: "update", order, record, traceparent: call.traceparent };
  });
  const now = new Date().toISOString();
  const accepted = asked.filter((item): item is NewRequest => !(item instanceof DomainError));
  await insertRequests(
    context,
    accepted.map((request) => createRequest(request, call.tenantId, now)),
  );
  const results = asked.map((item, index) => {
    const name = requests[index]!.customer_identifier ?? null;
    if (item instanceof DomainError) return recordFailed(index, name, item);
    return recordSuccess(index, item.id, name, addressWarnings(requests[index]!));
  });
  return batchResponse(results);
}
