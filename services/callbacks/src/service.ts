import { appliedCollection, appliedStore } from "@waybill/events/consumer/applied.ts";
import { startConsumer, type Consumer } from "@waybill/events/consumer/consumer.ts";
import { topics } from "@waybill/events/topics.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { CallbackServiceService } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { implement } from "@waybill/rpc/handlers.ts";
import type { ServiceDatabase } from "@waybill/service/database.ts";
import { startService, type Service } from "@waybill/service/start.ts";
import { callbacksCollection } from "./callback.ts";
import type { CallbacksConfig } from "./config.ts";
import { onOrderEvents } from "./consumers/on-order-event.ts";
import type { CallbacksContext } from "./context.ts";
import { deliveriesCollection } from "./delivery.ts";
import { startDispatcher, type Dispatcher } from "./dispatcher.ts";
import { leaseMsFor, workOnLane } from "./lane-turn.ts";
import { lanesCollection } from "./lane.ts";
import { claimLanes, findDueEndpoints } from "./queue.ts";
import { callbackHandlers } from "./rpc/handlers.ts";
import { createVault } from "./secrets.ts";
import { createSender, type Sender } from "./send.ts";
import { tenantsCollection } from "./store.ts";

const collections = [
  callbacksCollection,
  tenantsCollection,
  deliveriesCollection,
  lanesCollection,
  appliedCollection(),
];
/** How long attempts and the batch in work may take to finish when the process stops. */
const STOP_MS_MAX = 3_000;
/** Events of one transaction: with the most registrations of a tenant 10,000 deliveries. */
const INGEST_EVENTS_MAX = 100;
const INGEST_BYTES_MAX = 512 * 1024;

/** Starts the callbacks service; it takes calls, reads events and sends once its database answers. */
export function startCallbacks(config: CallbacksConfig, process: ProcessContext): Promise<Service> {
  return startService(config, process, {
    collections,
    build(database, running) {
      const context = createContext(config, database, (ids) => dispatcher.wake(ids));
      const sender = running.use(startSender(config));
      const dispatcher = startSending(config, context, sender, process);
      const consumer = startIngest(config, context, database, process);
      running.defer(async () => {
        await Promise.all([consumer[Symbol.asyncDispose](), dispatcher[Symbol.asyncDispose]()]);
      });
      return {
        implementations: [implement(CallbackServiceService, callbackHandlers, context)],
        ready: () => (consumer.healthy() ? null : "Kafka does not answer"),
      };
    },
  });
}

function createContext(
  { secretsKey, sandbox }: CallbacksConfig,
  { client, db }: ServiceDatabase,
  wake: CallbacksContext["wake"],
): CallbacksContext {
  return {
    client,
    callbacks: db.collection(callbacksCollection.name),
    tenants: db.collection(tenantsCollection.name),
    deliveries: db.collection(deliveriesCollection.name),
    lanes: db.collection(lanesCollection.name),
    vault: createVault(secretsKey),
    guard: { sandbox },
    wake,
  };
}

function startSender({ sandbox, delivery }: CallbacksConfig): Sender {
  return createSender({
    guard: { sandbox },
    attemptMsMax: delivery.attemptMsMax,
    connectionsMax: delivery.concurrency,
  });
}

function startSending(
  { delivery }: CallbacksConfig,
  context: CallbacksContext,
  sender: Sender,
  { log }: ProcessContext,
): Dispatcher {
  const { attemptMsMax, scheduleMs } = delivery;
  const turn = { context, sender, retry: { scheduleMs, random: Math.random }, attemptMsMax, log };
  return startDispatcher({
    findDue: () => findDueEndpoints(context),
    claim: (callbackId, limit) => claimLanes(context, callbackId, limit, leaseMsFor(attemptMsMax)),
    work: (lane, signal) => workOnLane(turn, lane, signal),
    limits: { endpoint: delivery.endpointConcurrency, total: delivery.concurrency },
    stopMs: STOP_MS_MAX,
    log,
  });
}

function startIngest(
  { kafka }: CallbacksConfig,
  context: CallbacksContext,
  { client, db }: ServiceDatabase,
  { log }: ProcessContext,
): Consumer {
  const applied = appliedStore(client, db, topics.orders, log);
  return startConsumer({
    group: "callbacks",
    topic: topics.orders,
    kafka,
    log,
    handle: (events) => onOrderEvents(context, applied, events),
    unavailable: mongoFailure,
    limits: { events: INGEST_EVENTS_MAX, bytes: INGEST_BYTES_MAX, stopMs: STOP_MS_MAX },
  });
}
