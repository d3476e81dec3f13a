// npm run with-engine -- <command>: runs a command that needs a container engine. Uses the one of this
// machine; where none runs, starts one for the command's time (private-engine.ts). Its environment names the
// images, each as it was set, or the official one, or one made here where that can't be pulled.
import { spawn } from "node:child_process";
import { messageOf } from "../engine/readiness.ts";
import { chooseImages } from "./images.ts";
import { startPrivateEngine } from "./private-engine.ts";
import { composeEnv, engineAnswers } from "./docker.ts";

const [command, ...args] = process.argv.slice(2);
const say = (line: string) => void process.stderr.write(`${line}\n`);

try {
  process.exitCode = await main();
} catch (error) {
  say(messageOf(error));
  process.exitCode = 1;
}

async function main(): Promise<number> {
  if (!command) throw new Error("usage: npm run with-engine -- <command> [arguments…]");
  const options = { env: { ...process.env }, report: say };
  await using engine = (await engineAnswers(options.env)) ? null : await startPrivateEngine(options);
  say(`container engine: ${engine?.origin ?? "the one of this machine"}`);
  const env = engine?.env ?? options.env;
  // Making images waits for others most of the time; compiling is what a processor is needed for.
  const [images, compose] = await Promise.all([
    chooseImages({ env, report: say }),
    composeEnv({ env, report: say }),
  ]);
  return await run(command, args, { ...env, ...compose, ...images });
}

function run(program: string, programArgs: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(program, programArgs, { env, stdio: "inherit" });
  // The engine has to outlive the command, which gets a Ctrl-C of the terminal itself.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
