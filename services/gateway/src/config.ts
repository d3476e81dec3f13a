import { count, port, serverSettings, text } from "@waybill/process/settings.ts";
import { z } from "zod";
import { keyHash } from "./auth.ts";
import type { Addresses } from "./peers.ts";

// A key may itself hold "=", as Base64 does; a tenant may not.
const keyPairPattern = /^(\S+)=([a-zA-Z0-9_-]{1,64})$/;

/** The settings of the gateway. */
export const settings = z.object({
  ...serverSettings,
  PORT: port(8080, "HTTP port"),
  API_KEYS: z
    .string()
    .refine(
      (pairs) => keyPairs(pairs).every((pair) => keyPairPattern.test(pair)),
      "must be pairs such as k1=t1,k2=t2",
    )
    .describe("secret; who may call: `key=tenant` pairs, separated by commas"),
  ORDERS_ADDRESS: text("127.0.0.1:50051", "the orders service: host:port, or dns:///name:port"),
  LINE_ITEMS_ADDRESS: text("127.0.0.1:50052", "the line-items service"),
  GROUPINGS_ADDRESS: text("127.0.0.1:50053", "the groupings service"),
  CALLBACKS_ADDRESS: text("127.0.0.1:50054", "the callbacks service"),
  BODY_BYTES_MAX: count(10_485_760, 1_024, 33_554_432, "the largest body, also when decompressed"),
  REQUEST_TIMEOUT_MS: count(15_000, 100, 60_000, "how long a service may take to answer"),
  CONCURRENT_REQUESTS_MAX: count(
    2_000,
    1,
    100_000,
    "requests in work at once; one more is answered with 429",
  ),
});

export interface GatewayConfig {
  logLevel: string;
  host: string;
  port: number;
  adminPort: number;
  /** Tenants by the SHA-256 of their keys (`keyHash`). */
  tenants: ReadonlyMap<string, string>;
  addresses: Addresses;
  bodyBytesMax: number;
  requestTimeoutMs: number;
  concurrentRequestsMax: number;
}

export function toConfig(read: z.output<typeof settings>): GatewayConfig {
  return {
    logLevel: read.LOG_LEVEL,
    host: read.HOST,
    port: read.PORT,
    adminPort: read.ADMIN_PORT,
    tenants: new Map(keyPairs(read.API_KEYS).map(toTenant)),
    addresses: {
      orders: read.ORDERS_ADDRESS,
      "line-items": read.LINE_ITEMS_ADDRESS,
      groupings: read.GROUPINGS_ADDRESS,
      callbacks: read.CALLBACKS_ADDRESS,
    },
    bodyBytesMax: read.BODY_BYTES_MAX,
    requestTimeoutMs: read.REQUEST_TIMEOUT_MS,
    concurrentRequestsMax: read.CONCURRENT_REQUESTS_MAX,
  };
}

function keyPairs(text: string): string[] {
  return text.split(",").map((pair) => pair.trim());
}

function toTenant(pair: string): [hash: string, tenantId: string] {
  const [, key = "", tenantId = ""] = keyPairPattern.exec(pair) ?? [];
  return [keyHash(key), tenantId];
}
