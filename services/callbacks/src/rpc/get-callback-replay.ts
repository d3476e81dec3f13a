import type {
  GetCallbackReplayRequest,
  GetCallbackReplayResponse,
} from "@waybill/proto/callbacks/v1/replays.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { toCallbackReplay } from "../replay.ts";
import { getStoredReplay } from "../replay-store.ts";

export async function getCallbackReplay(
  context: CallbacksContext,
  { id }: GetCallbackReplayRequest,
  { tenantId }: Call,
): Promise<GetCallbackReplayResponse> {
  return { replay: toCallbackReplay(await getStoredReplay(context, tenantId, id!), false) };
}
