import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The tenant that `npm start` opens. */
export const SANDBOX_TENANT = "sandbox";

/** The key of the sandbox tenant: `SANDBOX_API_KEY` if set, else made once and kept with the data. */
export function sandboxKey(dataDir: string, env: NodeJS.ProcessEnv): string {
  const given = env["SANDBOX_API_KEY"];
  if (given) return given;
  const file = join(dataDir, "sandbox-api-key");
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    const key = `sandbox_${randomBytes(18).toString("base64url")}`;
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, `${key}\n`, { mode: 0o600 });
    return key;
  }
}
