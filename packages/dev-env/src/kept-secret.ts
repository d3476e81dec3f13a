import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The tenant that `npm start` opens. */
export const SANDBOX_TENANT = "sandbox";

/** The key of the sandbox tenant: `SANDBOX_API_KEY` if set, else made once and kept with the data. */
export function sandboxKey(dataDir: string, env: NodeJS.ProcessEnv): string {
  return env["SANDBOX_API_KEY"] || keptSecret(dataDir, "sandbox-api-key", () => `sandbox_${random(18)}`);
}

/** What the callbacks service encrypts secrets with: `SECRETS_KEY` if set, else made once and kept. */
export function secretsKey(dataDir: string, env: NodeJS.ProcessEnv): string {
  return env["SECRETS_KEY"] || keptSecret(dataDir, "secrets-key", () => randomBytes(32).toString("base64"));
}

function keptSecret(dataDir: string, name: string, make: () => string): string {
  const file = join(dataDir, name);
  mkdirSync(dataDir, { recursive: true });
  try {
    // Of two processes that make it at once the first wins.
    writeFileSync(file, `${make()}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const secret = readFileSync(file, "utf8").trim();
  if (secret === "") throw new Error(`${file} is empty: remove it, and a new one is made`);
  return secret;
}

function random(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}
