import { Worker } from "node:worker_threads";
import { relaySlots } from "./slots.ts";
import type { Db } from "mongodb";
import type { KafkaConfig } from "../kafka.ts";

/** What the relay's thread is told. */
export interface RelaySettings {
  service: string;
  logLevel: string;
  mongodbUrl: string;
  database: string;
  kafka: KafkaConfig;
}

/**
 * Starts the relay of a service in a thread of its own. Called before the service takes its first write.
 * A thread that fails ends the process, which is then started anew.
 */
export async function startRelay(db: Db, settings: RelaySettings): Promise<AsyncDisposable> {
  await relaySlots(db, "").create();
  const thread = new Worker(new URL("./thread.ts", import.meta.url), {
    workerData: settings,
    // A relay holds one batch at a time: a young generation of V8's default size would stay mostly empty.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  thread.on("error", (error) => {
    throw error;
  });
  const ended = new Promise((resolve) => thread.once("exit", resolve));
  return {
    async [Symbol.asyncDispose]() {
      thread.postMessage("stop");
      await ended;
    },
  };
}
