import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const END = "__end_of_sample__";

/** A shell that samples are typed into, one after the other, as a reader does. */
export interface Shell extends Disposable {
  /** Runs a sample; answers what it printed, stderr included where it failed. */
  type: (sample: string) => Promise<{ output: string; status: number }>;
}

/** Opens one in a folder. */
export function openShell(cwd: string, env: NodeJS.ProcessEnv): Shell {
  const bash = spawn("bash", ["--norc"], { cwd, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const lines = createInterface({ input: bash.stdout })[Symbol.asyncIterator]();
  let complaints = "";
  bash.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  return {
    async type(sample) {
      complaints = "";
      bash.stdin.write(`${sample}\necho; echo ${END} $?\n`);
      const printed: string[] = [];
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`the shell ended: ${complaints}`);
        if (value.startsWith(END)) {
          const status = Number(value.slice(END.length));
          return { output: printed.join("\n") + (status === 0 ? "" : complaints), status };
        }
        printed.push(value);
      }
    },
    // With all that it has started.
    [Symbol.dispose]: () => void process.kill(-bash.pid!, "SIGKILL"),
  };
}
