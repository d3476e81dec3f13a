import { newId } from "@waybill/mongo/ids.ts";
import type {
  CreateCallbackReplayRequest,
  CreateCallbackReplayResponse,
} from "@waybill/proto/callbacks/v1/replays.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { CallbacksContext } from "../context.ts";
import { createReplay, toCallbackReplay } from "../replay.ts";
import { countReplayed, insertReplay } from "../replay-store.ts";

export async function createCallbackReplay(
  context: CallbacksContext,
  { replay: asked }: CreateCallbackReplayRequest,
  { tenantId }: Call,
): Promise<CreateCallbackReplayResponse> {
  const preview = asked!.preview ?? false;
  const planned = createReplay(asked!, { id: newId(), tenantId, nowMs: Date.now() });
  const replay = { ...planned, matched: await countReplayed(context, planned) };
  if (!preview) await insertReplay(context, replay);
  return { replay: toCallbackReplay(replay, preview) };
}
