import type { CallbackServiceService } from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { CallbackDeliveryServiceService } from "@waybill/proto/callbacks/v1/deliveries.ts";
import type { CallbackReplayServiceService } from "@waybill/proto/callbacks/v1/replays.ts";
import type { Handlers } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { createCallbackHolds } from "./create-callback-holds.ts";
import { createCallbackReplay } from "./create-callback-replay.ts";
import { createCallbacks } from "./create-callbacks.ts";
import { deleteCallbackHolds } from "./delete-callback-holds.ts";
import { deleteCallbacks } from "./delete-callbacks.ts";
import { getCallbackDelivery } from "./get-callback-delivery.ts";
import { getCallbackReplay } from "./get-callback-replay.ts";
import { listCallbackDeliveries } from "./list-callback-deliveries.ts";
import { listCallbackHolds } from "./list-callback-holds.ts";
import { listCallbacks } from "./list-callbacks.ts";
import { redeliverCallbackDelivery } from "./redeliver-callback-delivery.ts";
import { rotateCallbackSecret } from "./rotate-callback-secret.ts";
import { testCallback } from "./test-callback.ts";
import { updateCallback } from "./update-callback.ts";

export const callbackHandlers: Handlers<CallbacksContext, typeof CallbackServiceService> = {
  createCallbackHolds,
  createCallbacks,
  deleteCallbackHolds,
  deleteCallbacks,
  listCallbackHolds,
  listCallbacks,
  rotateCallbackSecret,
  testCallback,
  updateCallback,
};

export const deliveryHandlers: Handlers<CallbacksContext, typeof CallbackDeliveryServiceService> = {
  getCallbackDelivery,
  listCallbackDeliveries,
  redeliverCallbackDelivery,
};

export const replayHandlers: Handlers<CallbacksContext, typeof CallbackReplayServiceService> = {
  createCallbackReplay,
  getCallbackReplay,
};
