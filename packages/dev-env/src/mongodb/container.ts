import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { containerEngine, containerUser } from "../engine/container-engine.ts";
import { engineFolder } from "../engine/engine-folder.ts";
import type { OwnedEngine } from "../engine/engine.ts";
import { choosePort } from "../engine/free-port.ts";
import { directAddress, mongodArguments, untilPrimary } from "./replica-set.ts";
import type { MongodbOptions } from "./options.ts";

/** What is run where `MONGODB_IMAGE` is not set. */
export const MONGODB_IMAGE = "mongo:8.0";

const LOG = "mongod.log";
const HOST = "127.0.0.1";
const READY_WITHIN_MS = 60_000;

/**
 * Starts MongoDB in a container of `MONGODB_IMAGE`, which must have a `mongod` on its path.
 * Rejects with what is lacking.
 */
export async function startMongodbContainer(options: MongodbOptions): Promise<OwnedEngine> {
  const image = options.env["MONGODB_IMAGE"] || MONGODB_IMAGE;
  const client = await containerEngine(image, options);
  const { MOUNT, ownContainer, removeLeftover } = await import("../engine/owned-container.ts");
  const folder = await engineFolder(options.dataDir, "mongodb");
  await removeLeftover(client, folder);
  const port = await choosePort(options.port, "MONGODB_PORT");
  await mkdir(join(folder, "data"), { recursive: true });
  const places = ["--dbpath", `${MOUNT}/data`, "--logpath", `${MOUNT}/${LOG}`, "--bind_ip", "0.0.0.0"];
  return ownContainer({
    client,
    image,
    command: ["mongod", ...mongodArguments(port, options), ...places],
    folder,
    log: LOG,
    port,
    user: await containerUser(client),
    address: directAddress(HOST, port),
    ephemeral: options.ephemeral ?? false,
    ready: (life) => untilPrimary(life, HOST, port, READY_WITHIN_MS),
  });
}
