// npm run with-engine -- <command>: runs a command that needs a container engine. Uses the one of this
// machine; where none runs, starts one for the command's time (private-engine.ts). Its environment names the
// images, each as it was set, or the official one, or one made here where that can't be pulled.
import { spawn } from "node:child_process";
import type { ToolOptions } from "../engine/engine.ts";
import { messageOf } from "../engine/readiness.ts";
import { chooseImages } from "./images.ts";
import { startPrivateEngine } from "./private-engine.ts";
import { composeEnv, engineAnswers } from "./docker.ts";

const [command, ...args] = process.argv.slice(2);
const say = (line: string) => void process.stderr.write(`${line}\n`);
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

// What was begun for an engine that isn't wanted any more, such as a build, ends with this process.
process.exit(
  await main().catch((error: unknown) => {
    say(messageOf(error));
    return 1;
  }),
);

async function main(): Promise<number> {
  if (!command) throw new Error("usage: npm run with-engine -- <command> [arguments…]");
  const interrupted = interruption();
  const options = { env: { ...process.env }, report: say };
  await using engine = (await engineAnswers(options.env)) ? null : await startPrivateEngine(options);
  say(`container engine: ${engine?.origin ?? "the one of this machine"}`);
  const env = engine?.env ?? options.env;
  const settings = await Promise.race([imageSettings({ env, report: say }), interrupted]);
  return await run(command, args, { ...env, ...settings });
}

/** Rejects when this process is asked to end: the engine has to be stopped before. */
function interruption(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  for (const signal of signals) process.on(signal, () => reject(new Error(`was ended by ${signal}`)));
  return promise;
}

/** What names the images, and compose, in an environment. */
async function imageSettings(options: ToolOptions): Promise<NodeJS.ProcessEnv> {
  // Making images waits for others most of the time; compiling is what a processor is needed for.
  const [images, compose] = await Promise.all([chooseImages(options), composeEnv(options)]);
  return { ...compose, ...images };
}

/** Answers the command's exit code. The engine outlives it, so signals are passed on to it. */
function run(program: string, programArgs: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(program, programArgs, { env, stdio: "inherit" });
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
