import { discardFolder, engineFolder } from "../engine/engine-folder.ts";
import type { EngineOptions, OwnedEngine } from "../engine/engine.ts";
import { choosePort } from "../engine/free-port.ts";
import { findJava } from "./java.ts";
import { startBroker } from "./broker.ts";
import { classArchiveOptions } from "./class-archive.ts";
import { KAFKA_VERSION, kafkaDistribution } from "./distribution.ts";
import { ownEngine } from "../engine/owned-engine.ts";

/** Starts a Kafka broker on 127.0.0.1 as a child process. Rejects with what is lacking. */
export async function startNativeKafka(options: EngineOptions): Promise<OwnedEngine> {
  const { env, ephemeral = false } = options;
  const java = await findJava(env);
  const distribution = await kafkaDistribution(java, options);
  const javaOptions = await classArchiveOptions(java, distribution, options);
  const port = await choosePort(options.port, "KAFKA_PORT");
  const folder = await engineFolder(options.dataDir, "kafka");
  return ownEngine({
    address: `127.0.0.1:${port}`,
    origin: `native Kafka ${KAFKA_VERSION} on Java ${java.version}`,
    ephemeral,
    live: () => startBroker({ java, distribution, javaOptions, port, folder, env }),
    release: async () => {
      if (ephemeral) await discardFolder(folder);
    },
  });
}
