import { readSettings } from "@waybill/process/settings.ts";
import { run } from "@waybill/process/run.ts";
import { settings, toConfig } from "./config.ts";
import { startLineItems } from "./service.ts";

const config = toConfig(readSettings(settings, process.env));
await run("line-items", config.logLevel, (context) => startLineItems(config, context));
