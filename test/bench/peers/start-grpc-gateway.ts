import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, globSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { toolFolder } from "@waybill/dev-env/engine/tool-cache.ts";
import type { BenchContext } from "../bench.ts";
import { openSender, type Sender } from "../load.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const sources = fileURLToPath(new URL("./grpc-gateway/", import.meta.url));
const TIMEOUT = "15S";

/** A running grpc-gateway. */
interface GrpcGateway extends Sender {
  pid: number;
}

/**
 * Builds and starts grpc-gateway before the orders service at `orders`; what was built is kept for the next
 * run. Null, with a report that says why, if there is no Go here or it can't be built.
 */
export async function startGrpcGateway(
  orders: string,
  tenant: string,
  report: BenchContext["report"],
): Promise<GrpcGateway | null> {
  const binary = await build(report);
  if (binary === null) return null;
  const child = spawn(binary, [orders], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const headers = { "waybill-tenant-id": tenant, "grpc-timeout": TIMEOUT };
  const sender = openSender(`http://127.0.0.1:${String(line).trim()}`, "none", headers);
  return {
    ...sender,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      await sender[Symbol.asyncDispose]();
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

async function build(report: BenchContext["report"]): Promise<string | null> {
  try {
    const folder = await toolFolder(process.env, `grpc-gateway-${hashOfSources()}`, async (draft) => {
      report("building grpc-gateway, some minutes the first time");
      cpSync(sources, draft, { recursive: true });
      const bin = join(draft, "bin");
      const path = [bin, join(root, "packages/proto/node_modules/.bin"), process.env["PATH"]].join(delimiter);
      const step = (command: string, ...args: string[]) =>
        execFileSync(command, args, {
          cwd: draft,
          env: { ...process.env, GOBIN: bin, PATH: path },
          stdio: "pipe",
        });
      step("go", "install", "tool");
      step("buf", "generate", join(root, "proto"), "--template", "buf.gen.yaml", "-o", ".");
      step("go", "build", "-o", "gateway", ".");
    });
    return join(folder, "gateway");
  } catch (error) {
    report(`NOT MEASURED beside grpc-gateway, which needs Go: ${(error as Error).message.split("\n")[0]}`);
    return null;
  }
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  const files = [
    ...globSync("proto/**/*.proto", { cwd: root }).map((file) => join(root, file)),
    ...globSync("*", { cwd: sources }).map((file) => join(sources, file)),
  ];
  for (const file of files.toSorted()) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}
