import { readSettings } from "@waybill/process/settings.ts";
import { run } from "@waybill/process/run.ts";
import { settings, toConfig } from "./config.ts";
import { startCallbacks } from "./service.ts";

const config = toConfig(readSettings(settings, process.env));
await run("callbacks", config.logLevel, (context) => startCallbacks(config, context));
