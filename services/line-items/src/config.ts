import { kafkaConfig, kafkaSettings } from "@waybill/events/kafka.ts";
import { databaseSettings, type DatabaseConfig } from "@waybill/events/service-database.ts";
import { count, port, serverSettings, text } from "@waybill/process/settings.ts";
import { z } from "zod";

/** The settings of the line-items service. */
export const settings = z.object({
  ...serverSettings,
  ...databaseSettings("line_items"),
  ...kafkaSettings,
  GRPC_PORT: port(50052, "gRPC port"),
  ORDERS_ADDRESS: text("127.0.0.1:50051", "the orders service: host:port, or dns:///name:port"),
  SWEEP_INTERVAL_MS: count(
    60_000,
    100,
    3_600_000,
    "how often lines of attempts that never committed are freed",
  ),
});

export interface LineItemsConfig extends DatabaseConfig {
  host: string;
  adminPort: number;
  grpcPort: number;
  ordersAddress: string;
  sweepIntervalMs: number;
}

export function toConfig(read: z.output<typeof settings>): LineItemsConfig {
  return {
    service: "line-items",
    logLevel: read.LOG_LEVEL,
    host: read.HOST,
    adminPort: read.ADMIN_PORT,
    grpcPort: read.GRPC_PORT,
    mongodbUrl: read.MONGODB_URL,
    database: read.DATABASE,
    kafka: kafkaConfig(read),
    ordersAddress: read.ORDERS_ADDRESS,
    sweepIntervalMs: read.SWEEP_INTERVAL_MS,
  };
}
