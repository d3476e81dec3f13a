import { kafkaConfig, kafkaSettings } from "@waybill/events/kafka.ts";
import { flag, port, serverSettings } from "@waybill/process/settings.ts";
import { z } from "zod";
import { databaseSettings, type DatabaseConfig } from "./database.ts";

/** The settings that every service with a database and a gRPC server has; `database` is its default name. */
export function serviceSettings(database: string, grpcPort: number) {
  return {
    ...serverSettings,
    ...databaseSettings(database),
    ...kafkaSettings,
    GRPC_PORT: port(grpcPort, "gRPC port"),
    PREPARE_ONLY: flag("true: make the collections, indexes and topics that are missing, then end"),
  };
}

const shape = z.object(serviceSettings("", 0));

/** Those settings, as `startService` takes them. */
export interface ServiceConfig extends DatabaseConfig {
  host: string;
  adminPort: number;
  grpcPort: number;
  /** Make what is missing in MongoDB and Kafka, and serve nothing. */
  prepareOnly: boolean;
}

/** The part of a service's config that all services have. */
export function serviceConfig(service: string, read: z.output<typeof shape>): ServiceConfig {
  return {
    service,
    logLevel: read.LOG_LEVEL,
    host: read.HOST,
    adminPort: read.ADMIN_PORT,
    grpcPort: read.GRPC_PORT,
    prepareOnly: read.PREPARE_ONLY,
    mongodbUrl: read.MONGODB_URL,
    database: read.DATABASE,
    kafka: kafkaConfig(read),
  };
}
