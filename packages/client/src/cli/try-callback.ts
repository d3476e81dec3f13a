import { setTimeout as delay } from "node:timers/promises";
import { AttemptTimeoutError } from "../errors.ts";
import type { GetCallbackDeliveryAnswer } from "../gen/types.ts";
import type { Waybill } from "../waybill.ts";

const LOOK_MS = 250;

/**
 * Sends a test event to a registration; answers its delivery after the first attempt, or as it is when the
 * signal aborts. Throws `AttemptTimeoutError` if the API tells nothing of it until then.
 */
export async function tryCallback(
  waybill: Waybill,
  callbackId: string,
  signal: AbortSignal,
): Promise<GetCallbackDeliveryAnswer> {
  let seen: GetCallbackDeliveryAnswer | null = null;
  try {
    const { id } = await waybill.testCallback(callbackId, { signal });
    for (;;) {
      seen = await waybill.getCallbackDelivery(id, { signal });
      if (isTried(seen)) return seen;
      await delay(LOOK_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    if (seen !== null) return seen;
    throw new AttemptTimeoutError("the API tells nothing of it in time", { cause: error });
  }
}

/** An attempt is told a moment before what becomes of its delivery. */
function isTried({ status, attempts }: GetCallbackDeliveryAnswer): boolean {
  return status !== "pending" || attempts.some(({ outcome }) => outcome !== "ok");
}
