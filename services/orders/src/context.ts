import type { AggregateStore } from "@waybill/events/aggregates.ts";
import type { Outcome } from "@waybill/events/create-once.ts";
import type { DomainError } from "@waybill/errors/domain-error.ts";
import type { Coalesced } from "@waybill/process/coalesce.ts";
import type { Logger } from "@waybill/process/log.ts";
import type { Counter } from "@waybill/mongo/counters.ts";
import type { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Peer } from "@waybill/rpc/client.ts";
import type { InProcessCancel } from "./config.ts";
import type { NamedOrder, OrderWithLines } from "./order-with-lines.ts";
import type { OrderCandidate, OrderDocument } from "./order.ts";
import type { ReturnDocument } from "./return.ts";
import type { RequestDocument } from "./request.ts";
import type { Watchers } from "./watchers.ts";

/** What every handler of this service works with. */
export interface OrdersContext {
  orders: AggregateStore<OrderDocument>;
  returns: AggregateStore<ReturnDocument>;
  /** Update and cancel requests. */
  requests: AggregateStore<RequestDocument>;
  orderNumbers: Counter;
  log: Logger;
  lineItems: Peer<typeof LineItemServiceService>;
  /** Gathers creates that arrive at the same time into one commit. */
  creation: Coalesced<readonly OrderCandidate[], Outcome[]>;
  /** Creates the orders of one call together or not at all: each call is a group of its own. */
  atomicCreation: Coalesced<readonly OrderCandidate[], Outcome[]>;
  /** Reads orders by their names for calls that arrive at the same time. */
  reading: Coalesced<NamedOrder, OrderWithLines | DomainError>;
  inProcessCancel: InProcessCancel;
  watchers: Watchers;
  /** Whether the sandbox's calls are answered. */
  sandbox: boolean;
}
