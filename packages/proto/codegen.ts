// Generates src/gen from the protos: TypeScript by ts-proto, and the descriptor set that carries the
// comments, routes and rules for everything that reads the contract at run time. Then the client's code,
// which is made from that set.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const output = join(root, "packages/proto/src/gen");
const stampFile = join(output, "source.sha256");

const stamp = hashOfSources();
const clientOutput = join(root, "packages/client/src/gen");
const fresh = existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp && existsSync(clientOutput);
if (!(process.argv.includes("--if-stale") && fresh)) generate();

function generate() {
  // Two runs at once each build in a folder of their own; the last rename wins with the same content.
  const draft = `${output}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  buf("generate", "--template", "proto/buf.gen.yaml", "--output", draft);
  buf("build", "proto", "--as-file-descriptor-set", "-o", join(draft, "descriptor.binpb"));
  writeFileSync(join(draft, "waybill/services.ts"), listOfServices(draft));
  rmSync(output, { recursive: true, force: true });
  renameSync(draft, output);
  runOrExit(process.execPath, ["packages/client/codegen.ts"]);
  writeFileSync(stampFile, stamp);
}

/** Every gRPC service by its full name, for whoever reaches methods by the contract (the gateway). */
function listOfServices(folder: string): string {
  const services = globSync("waybill/*/v1/*.ts", { cwd: folder })
    .sort()
    .flatMap((file) => {
      const source = readFileSync(join(folder, file), "utf8");
      return [...source.matchAll(/^export const (\w+Service) = \{/gm)].map(([, name]) => ({
        name: name!,
        file,
      }));
    });
  const lines = services.map(({ name, file }) => {
    const fullName = `${dirname(file).replaceAll("/", ".")}.${name.replace(/Service$/, "")}`;
    return {
      name: `  "${fullName}": ${name},`,
      line: `import { ${name} } from "./${file.replace("waybill/", "")}";`,
    };
  });
  return [
    ...lines.map(({ line }) => line),
    "",
    "export const services = {",
    ...lines.map(({ name }) => name),
    "} as const;",
    "",
  ].join("\n");
}

function buf(...args: string[]) {
  const bin = join(root, "packages/proto/node_modules/.bin");
  runOrExit(join(bin, "buf"), args, `${bin}:${process.env.PATH}`);
}

function runOrExit(command: string, args: readonly string[], path = process.env.PATH) {
  const env = { ...process.env, PATH: path };
  const { status } = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env });
  if (status !== 0) process.exit(status ?? 1);
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  const settings = ["proto/buf.yaml", "proto/buf.gen.yaml", "pnpm-lock.yaml"];
  const generators = ["packages/{proto,client}/codegen.ts", "packages/client/codegen/*.ts"];
  const tables = ["packages/errors/src/catalogue.ts", "packages/contract/src/events.ts"];
  const sources = globSync(["proto/**/*.proto", ...tables, ...generators], {
    cwd: root,
  });
  for (const file of [...sources.sort(), ...settings]) {
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(root, file)))
      .update("\0");
  }
  return hash.digest("hex");
}
