import type { EventData } from "@waybill/client";
import type { ConsumedEvent } from "./consumed-event.ts";

/** An event with its data read; `type` tells what its data is. */
export type WaybillEvent = {
  [Type in keyof EventData]: Omit<ConsumedEvent, "type" | "data"> & { type: Type; data: EventData[Type] };
}[keyof EventData];

/**
 * An event with its data read. Of a type that this version does not know yet it is none of the union's: a
 * `switch` over `type` should let such events pass.
 */
export function readEvent(event: ConsumedEvent): WaybillEvent {
  return { ...event, data: JSON.parse(event.data) } as WaybillEvent;
}
