import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { optionsOf } from "./connection.ts";
import { say, sayJson, tell, UsageError } from "./terminal.ts";

const KEY_BYTES = 24;
// As the gateway's setting API_KEYS has it.
const tenantPattern = /^[a-zA-Z0-9_-]{1,64}$/;

/** `waybill keys`. */
export function addKeys(program: Command): void {
  const keys = program.command("keys").description("keys of tenants");
  keys
    .command("create")
    .description("makes a key, and says how the gateway learns of it; the key is shown once and kept nowhere")
    .requiredOption("--tenant <tenant>", "whose key it is to be: 1 to 64 letters, digits, - and _")
    .action((_options: unknown, command: Command) => {
      const { tenant, json } = optionsOf<{ tenant: string }>(command);
      if (!tenantPattern.test(tenant))
        throw new UsageError("--tenant must be 1 to 64 letters, digits, - and _");
      const key = `${tenant}_${randomBytes(KEY_BYTES).toString("base64url")}`;
      const setting = `API_KEYS=${key}=${tenant}`;
      if (json) return sayJson({ tenant, key, setting });
      say(key);
      tell(`\nAdd it to the keys that the gateway knows, and start the gateway again:\n\n  ${setting}`);
      tell("\nKeys are separated by commas. Keep the old one there until nobody uses it any more.");
    });
}
