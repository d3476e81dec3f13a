import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startChild, type Child } from "../engine/child.ts";
import { complaintsIn, discardFolder, engineFolder, freshLog } from "../engine/engine-folder.ts";
import type { Life, OwnedEngine } from "../engine/engine.ts";
import { choosePort } from "../engine/free-port.ts";
import { mongodBinary } from "./binary.ts";
import { directAddress, mongodArguments, untilPrimary } from "./replica-set.ts";
import type { MongodbOptions } from "./options.ts";
import { ownEngine } from "../engine/owned-engine.ts";
import { messageOf } from "../engine/readiness.ts";

const HOST = "127.0.0.1";
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;

/** Starts a mongod on 127.0.0.1 as a child process. Rejects with what is lacking. */
export async function startNativeMongodb(options: MongodbOptions): Promise<OwnedEngine> {
  const { path, version, source } = await mongodBinary(options);
  const port = await choosePort(options.port, "MONGODB_PORT");
  const folder = await engineFolder(options.dataDir, "mongodb");
  const ephemeral = options.ephemeral ?? false;
  return ownEngine({
    address: directAddress(HOST, port),
    origin: `native mongod ${version} from ${source}`,
    ephemeral,
    live: () => live(path, port, folder, options),
    release: async () => {
      if (ephemeral) await discardFolder(folder);
    },
  });
}

async function live(path: string, port: number, folder: string, options: MongodbOptions): Promise<Life> {
  const data = join(folder, "data");
  const log = join(folder, "mongod.log");
  await mkdir(data, { recursive: true });
  await freshLog(log);
  const args = [...mongodArguments(port, options), "--dbpath", data, "--logpath", log];
  args.push("--bind_ip", HOST, "--nounixsocket");
  const child = startChild({ command: path, args, env: options.env }, STOP_WITHIN_MS);
  try {
    await untilPrimary(child, HOST, port, READY_WITHIN_MS);
    return child;
  } catch (error) {
    throw await startFailure(child, error, log);
  }
}

async function startFailure(child: Child, error: unknown, log: string): Promise<Error> {
  await child.kill();
  return new Error(`mongod ${messageOf(error)} | ${await complaintsIn(log, child.output())}`);
}
