import { kafkaConfig, kafkaSettings } from "@waybill/events/kafka.ts";
import { databaseSettings, type DatabaseConfig } from "@waybill/events/service-database.ts";
import { count, flag, port, serverSettings, text } from "@waybill/process/settings.ts";
import { z } from "zod";

/** The settings of the orders service. */
export const settings = z.object({
  ...serverSettings,
  ...databaseSettings("orders"),
  ...kafkaSettings,
  GRPC_PORT: port(50051, "gRPC port"),
  LINE_ITEMS_ADDRESS: text("127.0.0.1:50052", "the line-items service: host:port, or dns:///name:port"),
  SANDBOX: flag("true: orders may be moved on by /data_factory, for trying things out"),
  GROUPS_IN_FLIGHT: count(3, 1, 16, "groups of creates that one tenant may have in flight"),
  GROUP_ORDERS_MAX: count(500, 1, 1_000, "orders that are gathered into one group"),
  WAITING_ORDERS_MAX: count(20_000, 1_000, 1_000_000, "orders that may wait for a group; more get 429"),
});

export interface OrdersConfig extends DatabaseConfig {
  host: string;
  adminPort: number;
  grpcPort: number;
  lineItemsAddress: string;
  sandbox: boolean;
  creation: { inFlightMax: number; groupMax: number; waitingMax: number };
}

export function toConfig(read: z.output<typeof settings>): OrdersConfig {
  return {
    service: "orders",
    logLevel: read.LOG_LEVEL,
    host: read.HOST,
    adminPort: read.ADMIN_PORT,
    grpcPort: read.GRPC_PORT,
    mongodbUrl: read.MONGODB_URL,
    database: read.DATABASE,
    kafka: kafkaConfig(read),
    lineItemsAddress: read.LINE_ITEMS_ADDRESS,
    sandbox: read.SANDBOX,
    creation: {
      inFlightMax: read.GROUPS_IN_FLIGHT,
      groupMax: read.GROUP_ORDERS_MAX,
      waitingMax: read.WAITING_ORDERS_MAX,
    },
  };
}
