import { fileURLToPath } from "node:url";
import { runTool } from "@waybill/dev-env/engine/child.ts";
import { onPath } from "@waybill/dev-env/engine/on-path.ts";
import { toolFolder } from "@waybill/dev-env/engine/tool-cache.ts";

const VERSION = "4.32.5";
const INSTALL_WITHIN_MS = 300_000;
const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url));

/** How a tool is started. */
interface Tool {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

/** schemathesis from PyPI, in the versions of requirements.txt, kept with the other downloads. */
export async function schemathesis(env: NodeJS.ProcessEnv, report: (line: string) => void): Promise<Tool> {
  const python = onPath("python3", env);
  if (!python) throw new Error("schemathesis needs python3 on PATH");
  // A plain folder of packages: unlike a venv it may be renamed.
  const folder = await toolFolder(env, `schemathesis-${VERSION}`, async (partial) => {
    report("downloading schemathesis (PyPI) …");
    const args = ["-m", "pip", "install", "-q", "--no-deps", "--target", partial, "-r", requirements];
    await runTool({ command: python, args, env }, INSTALL_WITHIN_MS);
  });
  return { command: python, args: ["-m", "schemathesis.cli"], env: { ...env, PYTHONPATH: folder } };
}
