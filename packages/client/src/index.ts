/** What `@waybill/client` offers: the surface that its versions promise to keep. */
export * from "./errors.ts";
export * from "./gen/errors.ts";
export type * from "./gen/types.ts";
export { Paged } from "./paged.ts";
export type { CallOptions, ResponseFacts } from "./request.ts";
export { Waybill, type Attempt, type WaybillOptions } from "./waybill.ts";
export {
  verifyWebhook,
  WebhookVerificationError,
  type CallbackTest,
  type VerifyOptions,
  type Webhook,
  type WebhookData,
  type WebhookFacts,
  type WebhookHeaders,
} from "./webhooks.ts";
