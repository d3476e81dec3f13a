import { run } from "@waybill/process/run.ts";
import { readSettings } from "@waybill/process/settings.ts";
import { settings, toConfig } from "./config.ts";
import { startCallbacks } from "./service.ts";

await run("callbacks", () => toConfig(readSettings(settings, process.env)), startCallbacks);
