import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { Waybill, type WaybillOptions } from "../waybill.ts";
import { UsageError } from "./terminal.ts";

/** What every command can be told. */
export interface GlobalOptions {
  url: string;
  key?: string;
  json?: boolean;
}

/** Where `npm start` keeps the key of its sandbox tenant. */
const SANDBOX_KEY_FILE = ".waybill/sandbox-api-key";

/** The options of a command together with those of the program. */
export function optionsOf<Options>(command: Command): Options & GlobalOptions {
  return command.optsWithGlobals<Options & GlobalOptions>();
}

/** A client of the API that the options name. Throws `UsageError` without a key. */
export function connect(options: GlobalOptions, more: Partial<WaybillOptions> = {}): Waybill {
  const key = options.key ?? sandboxKey(options.url);
  if (key === null) throw new UsageError("no key: set WAYBILL_KEY, or give --key");
  return new Waybill({ url: options.url, key, ...more });
}

/** Whether the API is on this machine: a development system then. */
export function isLocal(url: string): boolean {
  const { hostname } = new URL(url);
  return ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

/** The key of a system that was started here with `npm start`; null if there is none. */
function sandboxKey(url: string): string | null {
  if (!isLocal(url)) return null;
  try {
    return readFileSync(SANDBOX_KEY_FILE, "utf8").trim();
  } catch {
    return null;
  }
}
