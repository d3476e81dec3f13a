import { serviceConfig, serviceSettings, type ServiceConfig } from "@waybill/service/config.ts";
import { count, flag } from "@waybill/process/settings.ts";
import { z } from "zod";
import { SECRETS_KEY_BYTES } from "./secrets.ts";

// 75 hours and 35 minutes in all, as Standard Webhooks advises.
const RETRY_SCHEDULE = "0,5000,300000,1800000,7200000,18000000,36000000,50400000,72000000,86400000";

/** The settings of the callbacks service. */
export const settings = z.object({
  ...serviceSettings("callbacks", 50054),
  SECRETS_KEY: z
    .string()
    .refine(isKey, `must be the base64 of ${SECRETS_KEY_BYTES} bytes`)
    .describe("what signing secrets and tokens are encrypted with: the base64 of 32 random bytes"),
  SANDBOX: flag("whether urls may also be http and this machine: true or false"),
  RETRY_SCHEDULE_MS: z
    .string()
    .regex(/^0(,\d{1,9}){0,29}$/, "must be up to 30 waits, separated by commas, the first 0")
    .default(RETRY_SCHEDULE)
    .describe("the wait before each attempt of a delivery, separated by commas; the first is 0"),
  ATTEMPT_MS_MAX: count(15_000, 100, 60_000, "how long one attempt may take in all"),
  ENDPOINT_CONCURRENCY: count(32, 1, 500, "attempts to one registration at the same time, at most"),
  // As long as a delivery waits for its first retry: orders that are well lose no more by it.
  BREAKER_MS: count(
    5_000,
    50,
    900_000,
    "how long a registration gets nothing after its orders failed in a row",
  ),
  CONCURRENCY: count(512, 1, 10_000, "attempts of this process at the same time"),
});

/** How deliveries are sent. */
export interface DeliveryConfig {
  scheduleMs: number[];
  attemptMsMax: number;
  endpointConcurrency: number;
  breakerMs: number;
  concurrency: number;
}

export interface CallbacksConfig extends ServiceConfig {
  secretsKey: Buffer;
  sandbox: boolean;
  delivery: DeliveryConfig;
}

export function toConfig(read: z.output<typeof settings>): CallbacksConfig {
  return {
    ...serviceConfig("callbacks", read),
    secretsKey: Buffer.from(read.SECRETS_KEY, "base64"),
    sandbox: read.SANDBOX,
    delivery: {
      scheduleMs: read.RETRY_SCHEDULE_MS.split(",").map(Number),
      attemptMsMax: read.ATTEMPT_MS_MAX,
      endpointConcurrency: read.ENDPOINT_CONCURRENCY,
      breakerMs: read.BREAKER_MS,
      concurrency: read.CONCURRENCY,
    },
  };
}

function isKey(text: string): boolean {
  return /^[A-Za-z0-9+/]+=*$/.test(text) && Buffer.from(text, "base64").length === SECRETS_KEY_BYTES;
}
