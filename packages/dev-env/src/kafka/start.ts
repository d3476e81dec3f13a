import type { Engine, EngineOptions } from "../engine/engine.ts";
import { startKafkaContainer } from "./container.ts";
import { givenKafka } from "./given.ts";
import { startNativeKafka } from "./native.ts";
import { startByFirstWay } from "../engine/ways.ts";

/**
 * A Kafka: the one of `KAFKA_BROKERS`, else a container (`KAFKA_IMAGE`), else a native broker on Java.
 * Owned ones are one node in KRaft mode, make no topics by themselves, take messages of up to 8 MiB and
 * hold their data in `dataDir`/kafka.
 * @throws when no way works, naming each with what it lacks; when the port is taken, naming `KAFKA_PORT`.
 */
export async function startKafka(options: EngineOptions): Promise<Engine> {
  const brokers = options.env["KAFKA_BROKERS"];
  if (brokers) return givenKafka(brokers);
  return startByFirstWay(
    "Kafka",
    "KAFKA_BROKERS",
    [
      { name: "container", start: () => startKafkaContainer(options) },
      { name: "native", start: () => startNativeKafka(options) },
    ],
    options,
  );
}
