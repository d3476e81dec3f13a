import type { Logger } from "@waybill/process/log.ts";
import { traceparentOr } from "@waybill/rpc/metadata.ts";
import type { Db } from "mongodb";
import { pauseOf, type CallbackDocument } from "../callback.ts";
import { withStatus } from "../callback-status.ts";
import type { CallbacksContext } from "../context.ts";
import type { DeliveryConfig } from "../config.ts";
import type { Sender } from "../send.ts";
import { changeCallbackStatus, getCallbackDocument } from "../store.ts";
import { openEndpoint, toWebhook, withoutSecrets, type Endpoint } from "../webhook.ts";
import { systemClock } from "./clock.ts";
import { Dispatcher } from "./dispatch/dispatcher.ts";
import { Egress } from "./receiver/egress.ts";
import type { EndpointState } from "./dispatch/lane-work.ts";
import { SETTLE_MS_MAX, takeTurn, type TurnOptions } from "./dispatch/lane-turn.ts";
import { shareRegistrations } from "./ownership.ts";
import { takePlaces, type Places } from "./dispatch/places.ts";
import { createSettler } from "./queue/settler.ts";
import { followWakes, type Wake } from "./wakes.ts";

// The words of this folder: a registration is what an owner made, its receiver the server behind its url, an
// endpoint a registration whose secrets are open. `queue` has what is to be sent and what came of it, `dispatch`
// decides what is sent when, `receiver` what a receiver bears.

/** Hosts that have to be out of reach in a row before this side is taken for the reason. */
const EGRESS_HOSTS_MIN = 5;

/** How much of its registrations' webhooks an instance sends at a time. */
interface EngineConfig extends DeliveryConfig {
  /** How long attempts in work may take to finish when the engine is disposed. */
  stopMs: number;
}

/** Sends what is in the queue, as far as its registrations are this instance's. Disposing it ends that. */
export interface Engine extends AsyncDisposable {
  /** Tells whoever sends to these registrations that they may have something to send, or are paused no more. */
  wake: (callbackIds: readonly string[]) => void;
  /** The same, when their owners changed or deleted them: what is known of their receivers is of no use any more. */
  lookAnew: (callbackIds: readonly string[]) => void;
  /** For the lanes of one transaction, which begins after this call. */
  places: () => Places;
}

/** Starts it on the queue of the context. */
export function startEngine(
  context: CallbacksContext,
  db: Db,
  sender: Sender,
  config: EngineConfig,
  log: Logger,
): Engine {
  const ownership = shareRegistrations(db, log, () => dispatcher.lookAround());
  const dispatcher = startDispatcher(context, sender, config, log, ownership.owns);
  const hear = ({ callbackIds, isChanged }: Wake) =>
    isChanged ? dispatcher.lookAnew(callbackIds) : dispatcher.wake(callbackIds);
  const wakes = followWakes(db, hear, log);
  const announce = (wake: Wake) => {
    const foreign = wake.callbackIds.filter((id) => !ownership.owns(id));
    hear(wake);
    if (foreign.length > 0) wakes.send({ ...wake, callbackIds: foreign });
  };
  return {
    wake: (callbackIds) => announce({ callbackIds, isChanged: false }),
    lookAnew: (callbackIds) => announce({ callbackIds, isChanged: true }),
    places: () => takePlaces(dispatcher, (callback) => openNow(context, callback), systemClock.now()),
    async [Symbol.asyncDispose]() {
      await Promise.all([dispatcher[Symbol.asyncDispose](), wakes[Symbol.asyncDispose]()]);
      await ownership[Symbol.asyncDispose]();
    },
  };
}

function startDispatcher(
  context: CallbacksContext,
  sender: Sender,
  config: EngineConfig,
  log: Logger,
  owns: (callbackId: string) => boolean,
): Dispatcher<Endpoint> {
  const { queue } = context;
  const settle = createSettler(queue, systemClock, SETTLE_MS_MAX);
  const egress = new Egress(EGRESS_HOSTS_MIN);
  const turn: TurnOptions<Endpoint> = {
    clock: systemClock,
    async send(delivery, endpoint, signal) {
      const answer = await sender.send(toWebhook(delivery, endpoint, Date.now()), signal);
      return withoutSecrets(answer, endpoint);
    },
    egress,
    hostOf: ({ url }) => new URL(url).host,
    settle,
    disable: ({ callback_id, traceparent }) =>
      changeCallbackStatus(context, callback_id, traceparent, (found) =>
        found.status === "active" ? withStatus(found, "disabled", "the receiver answered 410") : null,
      ),
    retry: { scheduleMs: config.scheduleMs, random: Math.random },
    log,
  };
  return new Dispatcher({
    clock: systemClock,
    findDue: queue.findDue,
    claim: queue.claim,
    look: (id) => look(context, id, log),
    work: (work) => takeTurn(turn, work),
    release: async (lanes) => {
      await Promise.all(lanes.map((lane) => settle({ lane, ended: null, step: "return" })));
    },
    close: (lanes) => queue.close(lanes, "registration deleted"),
    hasten: (id) => queue.hasten([id]),
    owns,
    egress,
    total: config.concurrency,
    gate: {
      concurrencyMax: config.endpointConcurrency,
      breakerMs: config.breakerMs,
      random: Math.random,
    },
    stopMs: config.stopMs,
    log,
  });
}

/** What is to be done with a registration's webhooks now. */
async function look(context: CallbacksContext, id: string, log: Logger): Promise<EndpointState<Endpoint>> {
  const callback = await getCallbackDocument(context, id);
  if (callback === null) return { state: "deleted" };
  if (callback.held || callback.status === "disabled") return { state: "paused" };
  const endpoint = openOrNull(context, callback);
  const status = endpoint === null ? "unreadable" : "active";
  if (status !== callback.status) {
    await changeCallbackStatus(context, id, traceparentOr(undefined), (found) =>
      found.status === callback.status
        ? withStatus(found, status, endpoint === null ? "its secret does not open" : null)
        : null,
    );
    log.warn({ callback_id: id, from: callback.status, to: status }, "callback.status_changed");
  }
  if (endpoint === null) return { state: "paused" };
  return { state: "active", endpoint, ratePerSecond: callback.rate_per_second };
}

/** Null if nothing is sent to it now, for whatever reason. */
function openNow(context: CallbacksContext, callback: CallbackDocument): Endpoint | null {
  return pauseOf(callback) === null ? openOrNull(context, callback) : null;
}

/** Null if its secrets were sealed under another key than this installation's. */
function openOrNull({ vault }: CallbacksContext, callback: CallbackDocument): Endpoint | null {
  try {
    return openEndpoint(callback, vault, Date.now());
  } catch {
    return null;
  }
}
