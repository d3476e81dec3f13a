import { kafkaConfig, kafkaSettings } from "@waybill/events/kafka.ts";
import { databaseSettings, type DatabaseConfig } from "@waybill/events/service-database.ts";
import { port, serverSettings } from "@waybill/process/settings.ts";
import { z } from "zod";

/** The settings of the callbacks service. */
export const settings = z.object({
  ...serverSettings,
  ...databaseSettings("callbacks"),
  ...kafkaSettings,
  GRPC_PORT: port(50054, "gRPC port"),
});

export interface CallbacksConfig extends DatabaseConfig {
  host: string;
  adminPort: number;
  grpcPort: number;
}

export function toConfig(read: z.output<typeof settings>): CallbacksConfig {
  return {
    service: "callbacks",
    logLevel: read.LOG_LEVEL,
    host: read.HOST,
    adminPort: read.ADMIN_PORT,
    grpcPort: read.GRPC_PORT,
    mongodbUrl: read.MONGODB_URL,
    database: read.DATABASE,
    kafka: kafkaConfig(read),
  };
}
