import { DomainError } from "@waybill/errors/domain-error.ts";
import { createLog } from "@waybill/process/log.ts";
import { CallbackServiceService } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { GroupingServiceService } from "@waybill/proto/groupings/v1/groupings.ts";
import { ProfileServiceService, type Profile } from "@waybill/proto/groupings/v1/profiles.ts";
import { OrderLineItemServiceService } from "@waybill/proto/line_items/v1/order_line_items.ts";
import { SkuServiceService } from "@waybill/proto/line_items/v1/skus.ts";
import { Order, OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import { assertMatches } from "@waybill/rpc/entity-tag.ts";
import { implement, type Call, type Handlers } from "@waybill/rpc/handlers.ts";
import type { Idempotency } from "@waybill/rpc/idempotency.ts";
import { startServer, type RpcServer } from "@waybill/rpc/server.ts";
import { startGateway, type Gateway } from "../src/service.ts";
import type { GatewayConfig } from "../src/config.ts";
import { keyHash } from "../src/auth.ts";

/** What the stand-in was asked, the last first. */
export interface Received {
  requests: unknown[];
  calls: Call[];
}

/** The data of an event, with bytes that parsing and printing would change. */
export const eventData = '{"b":1.0,  "a":10000000000000000001}';

/** The key of the tenant `acme`. */
export const key = "test-key=";

export const silent = createLog("test", "silent");

/** Starts one gRPC server in the place of the processes behind the gateway. */
export function startStandIn(received: Received): Promise<RpcServer> {
  return startServer({
    host: "127.0.0.1",
    port: 0,
    log: silent,
    translate: () => null,
    idempotency: { keep: keepInMemory },
    implementations: [
      implement(
        OrderServiceService,
        orderHandlers as Handlers<Received, typeof OrderServiceService>,
        received,
      ),
      implement(SkuServiceService, skuHandlers as Handlers<Received, typeof SkuServiceService>, received),
      implement(
        CallbackServiceService,
        callbackHandlers as Handlers<Received, typeof CallbackServiceService>,
        received,
      ),
      implement(
        GroupingServiceService,
        groupingHandlers as Handlers<Received, typeof GroupingServiceService>,
        received,
      ),
      implement(
        OrderLineItemServiceService,
        lineHandlers as Handlers<Received, typeof OrderLineItemServiceService>,
        received,
      ),
      implement(
        ProfileServiceService,
        profileHandlers as Handlers<Received, typeof ProfileServiceService>,
        received,
      ),
    ],
  });
}

/** Answers calls with a key once, as long as the stand-in lives. */
function keepInMemory(): ReturnType<Idempotency["keep"]> {
  const answers = new Map<string, unknown>();
  return async ({ key: callKey }, answer) => {
    if (answers.has(callKey)) return { response: answers.get(callKey), isReplay: true };
    const response = await answer();
    answers.set(callKey, response);
    return { response, isReplay: false };
  };
}

/** Starts a gateway on a free port whose peers all listen on `peerPort`. */
export function startTestGateway(peerPort: number, changes: Partial<GatewayConfig> = {}): Promise<Gateway> {
  const peer = `127.0.0.1:${peerPort}`;
  const config: GatewayConfig = {
    logLevel: "silent",
    host: "127.0.0.1",
    port: 0,
    adminPort: 0,
    tenants: new Map([[keyHash(key), "acme"]]),
    addresses: { orders: peer, "line-items": peer, groupings: peer, callbacks: peer },
    bodyBytesMax: 10_485_760,
    requestTimeoutMs: 5_000,
    concurrentRequestsMax: 100,
    ...changes,
  };
  return startGateway(config, { log: silent, signal: new AbortController().signal });
}

const anOrder = (given: Partial<Order>) => Order.decode(Order.encode({ ...emptyOrder, ...given }).finish());
const emptyOrder = Order.decode(new Uint8Array());

const summary = {
  id: "0190f3b2-0000-7000-8000-000000000001",
  order_nr: 1_000_000_000,
  customer_identifier: "129374",
  status: "open",
  substatus: null,
  order_type: "customer",
  priority: 100,
  submitted_at: "2018-08-01T00:00:00.000Z",
  created_at: "2018-08-01T00:00:00.000Z",
  updated_at: "2018-08-01T00:00:00.000Z",
  line_items_count: 1,
  total_quantity: 2,
  has_shipments: false,
};

function note(received: Received, request: unknown, call: Call): void {
  received.requests.unshift(request);
  received.calls.unshift(call);
}

// The few methods that the tests call.
const orderHandlers: Partial<Handlers<Received, typeof OrderServiceService>> = {
  createOrders: async (received, request, call) => {
    note(received, request, call);
    return { ...batch(request.orders.length), plans: [] };
  },
  listOrders: async (received, request, call) => {
    note(received, request, call);
    const summaries = request.list_type === "summary" ? [summary] : [];
    const data = request.list_type === "summary" ? [] : [anOrder({ id: summary.id })];
    return {
      limit: request.limit ?? 30,
      offset: 0,
      list_type: request.list_type ?? "detail",
      include_counts: false,
      total: null,
      next_cursor: null,
      data,
      summaries,
    };
  },
  getOrder: async (received, request, call) => {
    note(received, request, call);
    if (request.order === "busy")
      throw new DomainError("TOO_MANY_REQUESTS", "try later", { retryAfterMs: 2_100 });
    if (request.order === "bug") throw new Error("the secret reason");
    if (request.order === "slow") await new Promise((resolve) => setTimeout(resolve, 300));
    if (request.order === "none") throw new DomainError("ORDER_NOT_FOUND");
    const versions = request.order === "versioned" ? { version: 3, lines_revision: 1 } : {};
    return { order: anOrder({ id: request.order, ...versions }) };
  },
  listOrderEvents: async () => ({
    data: [
      { id: "e1", sequence: 1, type: "t", time: summary.created_at, message_type: null, data: eventData },
    ],
    next_cursor: null,
  }),
};

const skuHandlers: Partial<Handlers<Received, typeof SkuServiceService>> = {
  createSkus: async (received, request, call) => {
    note(received, request, call);
    return batch(request.skus.length);
  },
  getSku: async () => ({}),
};

const groupingHandlers: Partial<Handlers<Received, typeof GroupingServiceService>> = {
  createGroupings: async (received, request, call) => {
    note(received, request, call);
    return { groupings: request.groupings.map((grouping, index) => ({ ...grouping, id: index + 1 })) };
  },
  updateGroupings: async (received, request, call) => {
    note(received, request, call);
    return { groupings: [] };
  },
  deleteGrouping: async (received, request, call) => {
    note(received, request, call);
    assertMatches("7", request.if_match);
    return {};
  },
};

const lineHandlers: Partial<Handlers<Received, typeof OrderLineItemServiceService>> = {
  updateOrderLineItem: async (received, request, call) => {
    note(received, request, call);
    return {};
  },
};

const callbackHandlers: Partial<Handlers<Received, typeof CallbackServiceService>> = {
  deleteCallbacks: async (received, request, call) => {
    note(received, request, call);
    return batch(request.ids.length);
  },
};

const profileHandlers: Partial<Handlers<Received, typeof ProfileServiceService>> = {
  createProfile: async (received, request, call) => {
    note(received, request, call);
    return { profile: profile(7, request.profile) };
  },
  getProfile: async (_received, request) => ({ profile: profile(request.id!, undefined) }),
};

function profile(id: number, given: Profile | null | undefined): Profile {
  const names = { first_name: given?.first_name ?? null, last_name: given?.last_name ?? null };
  return { id, ...names, full_name: null, created_at: null, updated_at: null };
}

function batch(records: number) {
  const counts = {
    records_submitted: records,
    records_processed: records,
    records_failed: 0,
    records_succeeded: records,
  };
  return { ...counts, results: [] };
}
