import { readSettings } from "@waybill/process/settings.ts";
import { run } from "@waybill/process/run.ts";
import { settings, toConfig } from "./config.ts";
import { startGroupings } from "./service.ts";

const config = toConfig(readSettings(settings, process.env));
await run("groupings", config.logLevel, (context) => startGroupings(config, context));
