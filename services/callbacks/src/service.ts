import { appliedCollection, appliedStore } from "@waybill/events/consumer/applied.ts";
import type { Consumer } from "@waybill/consumer/consumer.ts";
import { startConsumer } from "@waybill/events/consumer/consumer.ts";
import { gathered } from "@waybill/events/consumer/gather.ts";
import { outboxCollection, type OutboxRow } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { onceCommitted } from "@waybill/mongo/transaction.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { CallbackServiceService } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { CallbackDeliveryServiceService } from "@waybill/proto/callbacks/v1/deliveries.ts";
import { CallbackReplayServiceService } from "@waybill/proto/callbacks/v1/replays.ts";
import { implement } from "@waybill/rpc/handlers.ts";
import type { ServiceDatabase } from "@waybill/service/database.ts";
import { startService, type Service } from "@waybill/service/start.ts";
import { attemptsCollection, type AttemptDocument } from "./attempt.ts";
import { callbacksCollection } from "./callback.ts";
import type { CallbacksConfig } from "./config.ts";
import { onOrderEvents } from "./consumers/on-order-event.ts";
import type { CallbacksContext } from "./context.ts";
import { deliveriesCollection, type DeliveryDocument } from "./delivery.ts";
import { leaseMsFor } from "./engine/dispatch/lane-turn.ts";
import { mongoQueue } from "./engine/queue/mongo-queue.ts";
import { startEngine } from "./engine/engine.ts";
import { ownershipCollections } from "./engine/ownership.ts";
import { wakesCollection } from "./engine/wakes.ts";
import { holdsCollection } from "./hold.ts";
import { lanesCollection, type LaneDocument } from "./lane.ts";
import { replaysCollection } from "./replay.ts";
import { startReplayer } from "./replayer.ts";
import { callbackHandlers, deliveryHandlers, replayHandlers } from "./rpc/handlers.ts";
import { createVault } from "./secrets.ts";
import { createSender, type Sender } from "./send.ts";
import { tenantsCollection } from "./store.ts";

const collections = [
  callbacksCollection,
  tenantsCollection,
  holdsCollection,
  deliveriesCollection,
  attemptsCollection,
  lanesCollection,
  replaysCollection,
  appliedCollection(),
  wakesCollection,
  ...ownershipCollections,
];
/** How long attempts and the batch in work may take to finish when the process stops. */
const STOP_MS_MAX = 3_000;
/** Events of one transaction: with the most registrations of a tenant 10,000 deliveries. */
const INGEST_EVENTS_MAX = 100;
const INGEST_BYTES_MAX = 512 * 1024;
/** Partitions whose events are stored together. */
const INGEST_PARTITIONS_MAX = 32;

/** Starts the callbacks service; it takes calls, reads events and sends once its database answers. */
export function startCallbacks(config: CallbacksConfig, process: ProcessContext): Promise<Service> {
  return startService(config, process, {
    collections,
    build(database, running) {
      const context = createContext(config, database, {
        wake: (ids) => onceCommitted(database.client, () => engine.wake(ids)),
        lookAnew: (ids) => onceCommitted(database.client, () => engine.lookAnew(ids)),
        places: () => engine.places(),
      });
      const sender = running.use(startSender(config));
      const sending = { ...config.delivery, stopMs: STOP_MS_MAX };
      const engine = startEngine(context, database.db, sender, sending, process.log);
      const consumer = startIngest(config, context, database, process);
      running.use(startReplayer(context, process.log));
      running.defer(async () => {
        // First what gives lanes to the engine.
        await consumer[Symbol.asyncDispose]();
        await engine[Symbol.asyncDispose]();
      });
      return {
        implementations: [
          implement(CallbackServiceService, callbackHandlers, context),
          implement(CallbackDeliveryServiceService, deliveryHandlers, context),
          implement(CallbackReplayServiceService, replayHandlers, context),
        ],
        vault: context.vault,
        ready: () => (consumer.healthy() ? null : "Kafka does not answer"),
      };
    },
  });
}

function createContext(
  { secretsKey, sandbox, delivery }: CallbacksConfig,
  { client, db }: ServiceDatabase,
  sending: Pick<CallbacksContext, "wake" | "lookAnew" | "places">,
): CallbacksContext {
  const queued = {
    client,
    outbox: db.collection<OutboxRow>(outboxCollection.name),
    deliveries: db.collection<DeliveryDocument>(deliveriesCollection.name),
    attempts: db.collection<AttemptDocument>(attemptsCollection.name),
    lanes: db.collection<LaneDocument>(lanesCollection.name),
  };
  return {
    callbacks: db.collection(callbacksCollection.name),
    tenants: db.collection(tenantsCollection.name),
    holds: db.collection(holdsCollection.name),
    replays: db.collection(replaysCollection.name),
    ...queued,
    queue: mongoQueue(queued, leaseMsFor(delivery.attemptMsMax)),
    vault: createVault(secretsKey),
    guard: { sandbox },
    ...sending,
  };
}

function startSender({ sandbox, delivery }: CallbacksConfig): Sender {
  return createSender({
    guard: { sandbox },
    attemptMsMax: delivery.attemptMsMax,
    connectionsMax: delivery.concurrency,
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
    handle: gathered((events) => onOrderEvents(context, applied, events), {
      events: INGEST_EVENTS_MAX,
      characters: INGEST_BYTES_MAX,
    }),
    unavailable: mongoFailure,
    limits: {
      events: INGEST_EVENTS_MAX,
      bytes: INGEST_BYTES_MAX,
      partitions: INGEST_PARTITIONS_MAX,
      stopMs: STOP_MS_MAX,
    },
  });
}
