import { makeTopics, MESSAGE_BYTES_MAX } from "@waybill/consumer/make-topics.ts";
import type { Admin } from "kafkajs";

/** Every topic of Waybill, by the name that follows the prefix. */
export const topics = {
  /** Order, resolution and return events: one sequence per order. Key: order id. */
  orders: "waybill.orders.v1",
  /** SKU and line-item events. Key: order id, or SKU id. */
  lineItems: "waybill.line-items.v1",
  /** The orders service's own commands: update and cancel requests to decide. Key: order id. */
  orderRequests: "waybill.order-requests.v1",
  /** Stock events. Key: SKU id. */
  inventory: "waybill.inventory.v1",
  /** Grouping, profile and order-group events. Key: order id, group id, or profile id. */
  groupings: "waybill.groupings.v1",
  /** What became of webhooks. Key: order id, or registration id. */
  deliveries: "waybill.deliveries.v1",
} as const;

/** The name of a topic, without the prefix. */
export type Topic = (typeof topics)[keyof typeof topics];

interface TopicSettings {
  /** Put before every topic's name, so that several systems can share a cluster. */
  prefix: string;
  partitions: number;
  replicas: number;
}

/** Makes the topics that are missing. Several processes may do it at once. */
export async function ensureTopics(
  admin: Admin,
  names: readonly Topic[],
  settings: TopicSettings,
): Promise<void> {
  const wanted = names.map((name) => settings.prefix + name);
  const existing = new Set(await admin.listTopics());
  const missing = wanted.filter((name) => !existing.has(name));
  if (missing.length === 0) return;
  await makeTopics(
    admin,
    missing.map((topic) => ({
      topic,
      numPartitions: settings.partitions,
      replicationFactor: settings.replicas,
      configEntries: [
        { name: "max.message.bytes", value: String(MESSAGE_BYTES_MAX) },
        { name: "min.insync.replicas", value: String(Math.max(1, settings.replicas - 1)) },
        { name: "retention.ms", value: String(30 * 24 * 3600 * 1000) },
      ],
    })),
  );
}
