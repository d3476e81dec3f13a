import type { CallbackServiceService } from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { Handlers } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { createCallbacks } from "./create-callbacks.ts";
import { deleteCallbacks } from "./delete-callbacks.ts";
import { listCallbacks } from "./list-callbacks.ts";

export const callbackHandlers: Handlers<CallbacksContext, typeof CallbackServiceService> = {
  createCallbacks,
  deleteCallbacks,
  listCallbacks,
};
