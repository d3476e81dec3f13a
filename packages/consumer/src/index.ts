/** What `@waybill/consumer` offers: the surface that its versions promise to keep. */
export { toConsumedEvent, Undecodable, type ConsumedEvent } from "./consumed-event.ts";
export { startConsumer, type Consumer, type ConsumerOptions } from "./consumer.ts";
export { healByRest } from "./heal-by-rest.ts";
export { inOrder, type InOrderOptions } from "./in-order.ts";
export { eachKey } from "./keys.ts";
export { defaultLimits, type ConsumerLimits } from "./limits.ts";
export { positionKey, PositionMoved, type Gap } from "./positions.ts";
export type { ConsumerReport, Report } from "./report.ts";
export { readEvent, type WaybillEvent } from "./waybill-event.ts";
