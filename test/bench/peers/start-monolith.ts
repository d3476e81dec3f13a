import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openSender, type Sender } from "../load.ts";

/** Starts the monolith in a process of its own. */
export async function startMonolith(mongodbUrl: string): Promise<Sender> {
  const main = fileURLToPath(new URL("./monolith.ts", import.meta.url));
  const env = { PATH: process.env["PATH"], NODE_ENV: "production", MONGODB_URL: mongodbUrl };
  const child = spawn(process.execPath, [main], { env, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const sender = openSender(`http://127.0.0.1:${String(line).trim()}`, "none");
  return {
    ...sender,
    async [Symbol.asyncDispose]() {
      await sender[Symbol.asyncDispose]();
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}
