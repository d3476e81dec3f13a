import { count, text } from "@waybill/process/settings.ts";
import { serviceConfig, serviceSettings, type ServiceConfig } from "@waybill/service/config.ts";
import { z } from "zod";

/** The settings of the groupings service. */
export const settings = z.object({
  ...serviceSettings("groupings", 50053),
  ORDERS_ADDRESS: text("127.0.0.1:50051", "the orders service: host:port, or dns:///name:port"),
  LINE_ITEMS_ADDRESS: text("127.0.0.1:50052", "the line-items service: host:port, or dns:///name:port"),
  RELEASE_CHECK_INTERVAL_MS: count(
    1_000,
    10,
    3_600_000,
    "how often release dates that passed or moved are looked for",
  ),
  GROUP_SWEEP_INTERVAL_MS: count(
    5_000,
    10,
    3_600_000,
    "how often order groups that a crash left in the middle are looked for",
  ),
});

export interface GroupingsConfig extends ServiceConfig {
  ordersAddress: string;
  lineItemsAddress: string;
  releaseCheckIntervalMs: number;
  groupSweepIntervalMs: number;
}

export function toConfig(read: z.output<typeof settings>): GroupingsConfig {
  return {
    ...serviceConfig("groupings", read),
    ordersAddress: read.ORDERS_ADDRESS,
    lineItemsAddress: read.LINE_ITEMS_ADDRESS,
    releaseCheckIntervalMs: read.RELEASE_CHECK_INTERVAL_MS,
    groupSweepIntervalMs: read.GROUP_SWEEP_INTERVAL_MS,
  };
}
