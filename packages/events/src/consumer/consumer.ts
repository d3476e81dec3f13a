import { Undecodable, type ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { errorName } from "@waybill/consumer/dead-letter.ts";
import {
  startConsumer as startMember,
  type Consumer,
  type ConsumerOptions as MemberOptions,
} from "@waybill/consumer/consumer.ts";
import { hasUnknownVersion } from "@waybill/contract/events.ts";
import { DomainError, isDependencyDown } from "@waybill/errors/domain-error.ts";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import { createKafka, type KafkaConfig } from "../kafka.ts";
import { ensureTopics, type Topic } from "../topics.ts";

/** What a consumer of a service needs. */
export interface ConsumerOptions extends Pick<MemberOptions, "handle" | "limits"> {
  /** The name of the group, such as `callbacks`; its id has the prefix before it. A group reads one topic. */
  group: string;
  topic: Topic;
  kafka: KafkaConfig;
  log: Logger;
  /** Whether an error of `handle` says that the database is down (`mongoFailure`). */
  unavailable: (error: unknown) => unknown;
}

/**
 * Reads a topic as a member of a group (`@waybill/consumer`), as services do: the topic is made if it is
 * missing, a call to another service that is down is waited for as the database is, dead letters have the
 * codes of the catalogue, and an event of a version that this release does not know is one.
 */
export function startConsumer({ group, topic, kafka, handle, ...options }: ConsumerOptions): Consumer {
  const log = options.log.child({ group, topic });
  return startMember({
    kafka: createKafka(`waybill-${group}`, kafka.brokers, log),
    group: kafka.prefix + group,
    topic: kafka.prefix + topic,
    handle,
    check: (event) => assertKnownVersion(topic, event),
    unavailable: (error) => isDependencyDown(error) || options.unavailable(error),
    deadLetterTopic: `${kafka.prefix}${topic}.${group}.dlq`,
    deadLetterReplicas: kafka.replicas,
    nameOf: (error) => (error instanceof DomainError ? error.code : errorName(error)),
    prepare: (admin) => ensureTopics(admin, [topic], kafka),
    report: ({ level, what, facts, error }) =>
      log[level]({ ...facts, ...(error === undefined ? {} : errorFacts(error)) }, `consumer.${what}`),
    limits: options.limits ?? {},
  });
}

/** Its data may mean something else; types that are new are for others, and pass. */
function assertKnownVersion(topic: Topic, { type }: ConsumedEvent): void {
  if (hasUnknownVersion(topic, type)) throw new Undecodable(`the version of ${type} is unknown`);
}
