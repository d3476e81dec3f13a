import { serviceConfig, serviceSettings, type ServiceConfig } from "@waybill/service/config.ts";
import { count, flag, text } from "@waybill/process/settings.ts";
import { z } from "zod";

/** The settings of the line-items service. */
export const settings = z.object({
  ...serviceSettings("line_items", 50052),
  ORDERS_ADDRESS: text("127.0.0.1:50051", "the orders service: host:port, or dns:///name:port"),
  SANDBOX: flag("true: stock may be made and lost by /data_factory, for trying things out"),
  SWEEP_INTERVAL_MS: count(
    60_000,
    100,
    3_600_000,
    "how often lines of attempts that never committed are freed",
  ),
});

export interface LineItemsConfig extends ServiceConfig {
  ordersAddress: string;
  sandbox: boolean;
  sweepIntervalMs: number;
}

export function toConfig(read: z.output<typeof settings>): LineItemsConfig {
  return {
    ...serviceConfig("line-items", read),
    ordersAddress: read.ORDERS_ADDRESS,
    sandbox: read.SANDBOX,
    sweepIntervalMs: read.SWEEP_INTERVAL_MS,
  };
}
