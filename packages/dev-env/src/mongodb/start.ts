import type { Engine } from "../engine/engine.ts";
import type { MongodbOptions } from "./options.ts";
import { startMongodbContainer } from "./container.ts";
import { givenMongodb } from "./given.ts";
import { startNativeMongodb } from "./native.ts";
import { startByFirstWay } from "../engine/ways.ts";

/**
 * A MongoDB with transactions and change streams: the one of `MONGODB_URL`, else a container
 * (`MONGODB_IMAGE`), else a native mongod. Owned ones hold their data in `dataDir`/mongodb.
 * @throws when no way works, naming each with what it lacks; when the port is taken, naming `MONGODB_PORT`.
 */
export async function startMongodb(options: MongodbOptions): Promise<Engine> {
  const url = options.env["MONGODB_URL"];
  if (url) return givenMongodb(url);
  return startByFirstWay(
    "MongoDB",
    "MONGODB_URL",
    [
      { name: "container", start: () => startMongodbContainer(options) },
      { name: "native", start: () => startNativeMongodb(options) },
    ],
    options,
  );
}
