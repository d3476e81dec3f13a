import { fileURLToPath } from "node:url";
import { docker } from "@waybill/dev-env/containers/docker.ts";
import { serviceNames } from "@waybill/dev-env/system.ts";

/** The folder that the images are built from. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** What `WAYBILL_IMAGES` is in these tests: the names of images before the service's. */
export const IMAGES = "waybill-test";

const BUILD_WITHIN_MS = 300_000;

/** Builds the image of every service, on `NODE_IMAGE` if it is set. */
export async function buildImages(env: NodeJS.ProcessEnv): Promise<void> {
  const base = env["NODE_IMAGE"] ? ["--build-arg", `NODE_IMAGE=${env["NODE_IMAGE"]}`] : [];
  // One after another: what they share is built once.
  for (const service of serviceNames) {
    const tag = `${IMAGES}/${service}:latest`;
    const args = ["--file", `${root}deploy/Dockerfile`, "--build-arg", `SERVICE=${service}`, ...base];
    await docker(env, BUILD_WITHIN_MS, "build", "--quiet", "--tag", tag, ...args, root);
  }
}
