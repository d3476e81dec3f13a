// A process that starts something and stays, for tests that kill it. Prints one line when it has started.
//   node owner.ts mongodb|kafka <dataDir> <port>
//   node owner.ts program <absolute path> [arguments…]
import { startChild } from "../src/engine/child.ts";
import { startKafka } from "../src/kafka/start.ts";
import { startMongodb } from "../src/mongodb/start.ts";

const [what, ...args] = process.argv.slice(2);

async function start(): Promise<string> {
  if (what === "program") {
    const [command = "", ...rest] = args;
    const child = startChild({ command, args: rest, env: process.env }, 1000);
    while (!child.output().includes("\n")) await new Promise((resolve) => setTimeout(resolve, 10));
    return child.output();
  }
  const [dataDir = "", port = ""] = args;
  const options = { dataDir, port: Number(port), report: () => {}, env: process.env };
  const engine = await (what === "kafka" ? startKafka(options) : startMongodb(options));
  return `${engine.address}\n`;
}

process.stdout.write(await start());
