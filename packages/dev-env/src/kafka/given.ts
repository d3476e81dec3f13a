import type { GivenEngine } from "../engine/engine.ts";
import { probeKafka } from "./probe.ts";
import { messageOf } from "../engine/readiness.ts";

/** The Kafka of `KAFKA_BROKERS`. @throws when a client can't use it. */
export async function givenKafka(brokers: string): Promise<GivenEngine> {
  const nodes = await probeKafka(brokers.split(",").map((broker) => broker.trim())).catch(
    (error: unknown) => {
      throw new Error(`KAFKA_BROKERS (${brokers}) gives no usable Kafka: ${messageOf(error)}`);
    },
  );
  const origin = `Kafka of KAFKA_BROKERS (${nodes.length} brokers)`;
  return { owned: false, address: brokers, origin, stop: async () => {} };
}
