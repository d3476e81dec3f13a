import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { Option, type Command } from "commander";
import type { Consumer, IHeaders, Kafka, KafkaMessage } from "kafkajs";
import { optionsOf } from "./connection.ts";
import { brokersOf, connectKafka, installKafka, kafkaOptions, type KafkaOptions } from "./kafka.ts";
import { say, sayJson, untilInterrupted, UsageError } from "./terminal.ts";

/** The topics by the names that they have here. */
const topics = {
  orders: "waybill.orders.v1",
  "line-items": "waybill.line-items.v1",
  "order-requests": "waybill.order-requests.v1",
  inventory: "waybill.inventory.v1",
  groupings: "waybill.groupings.v1",
  deliveries: "waybill.deliveries.v1",
} as const;

interface TailOptions extends KafkaOptions {
  topic: string;
  type?: string;
  subject?: string;
  tenant?: string;
  fromBeginning?: boolean;
}

/** `waybill events`. */
export function addEvents(program: Command): void {
  const events = program.command("events").description("the events on Waybill's topics");
  events
    .command("tail")
    .description("shows events as they come, until Ctrl-C; needs kafkajs")
    .option(
      "--topic <topic>",
      `${Object.keys(topics).join(", ")}, or a whole name, such as one of dead letters`,
      "orders",
    )
    .option("--type <type>", "only types that begin so, such as waybill.order.shipped")
    .option("--subject <id>", "only of this order, or SKU, or whose events they are")
    .option("--tenant <tenant>", "only this tenant's")
    .option("--from-beginning", "all that the topic has, not only what comes from now on")
    .addOption(new Option(...kafkaOptions.brokers))
    .addOption(new Option(kafkaOptions.prefix[0], kafkaOptions.prefix[1]).default(kafkaOptions.prefix[2]))
    .action(tail);
}

async function tail(_options: unknown, command: Command): Promise<void> {
  const options = optionsOf<TailOptions>(command);
  const brokers = brokersOf(options);
  if (brokers === null) throw new UsageError("where is Kafka? set KAFKA_BROKERS, or give --brokers");
  const stop = untilInterrupted();
  const kafka = await connectKafka(brokers);
  if (kafka === null) throw new UsageError(`reading topics needs kafkajs: ${installKafka}`);
  const topic =
    options.prefix +
    (Object.hasOwn(topics, options.topic) ? topics[options.topic as keyof typeof topics] : options.topic);
  // A group of its own, which commits nothing: nobody else gets less of the topic.
  const groupId = `waybill-tail-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false });
  try {
    await follow(consumer, topic, options);
    if (!stop.aborted) await once(stop, "abort");
  } finally {
    await consumer.disconnect();
    await forget(kafka, groupId);
  }
}

async function follow(consumer: Consumer, topic: string, options: TailOptions): Promise<void> {
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: options.fromBeginning ?? false });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const event = { partition, offset: message.offset, ...eventOf(message) };
      if (isWanted(event, options)) show(event, options.json ?? false);
    },
  });
}

async function forget(kafka: Kafka, groupId: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.deleteGroups([groupId]).catch(() => undefined);
  await admin.disconnect();
}

type Shown = ReturnType<typeof eventOf> & { partition: number; offset: string };

/** What a message says, as far as it is one of Waybill's; a dead letter may lack any of it. */
function eventOf({ key, value, headers = {} }: KafkaMessage) {
  return {
    key: key?.toString() ?? null,
    id: textOf(headers, "ce_id"),
    type: textOf(headers, "ce_type"),
    time: textOf(headers, "ce_time"),
    tenant: textOf(headers, "ce_tenantid"),
    subject: textOf(headers, "ce_subject"),
    sequence: Number(textOf(headers, "ce_sequence") ?? 0),
    reason: textOf(headers, "dlt_reason"),
    data: dataOf(value),
  };
}

function isWanted(event: Shown, { type, subject, tenant }: TailOptions): boolean {
  if (type !== undefined && !event.type?.startsWith(type)) return false;
  if (subject !== undefined && event.subject !== subject) return false;
  return tenant === undefined || event.tenant === tenant;
}

function show(event: Shown, json: boolean): void {
  if (json) return sayJson(event);
  const { time, tenant, subject, sequence, type, reason } = event;
  say([time, tenant, subject, `#${sequence}`, type, ...(reason ? [`(${reason})`] : [])].join("  "));
}

function textOf(headers: IHeaders, name: string): string | null {
  return headers[name]?.toString() ?? null;
}

function dataOf(value: Buffer | null): unknown {
  const text = value?.toString() ?? "null";
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
