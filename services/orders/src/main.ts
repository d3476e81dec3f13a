import { readSettings } from "@waybill/process/settings.ts";
import { run } from "@waybill/process/run.ts";
import { settings, toConfig } from "./config.ts";
import { startOrders } from "./service.ts";

const config = toConfig(readSettings(settings, process.env));
await run("orders", config.logLevel, (context) => startOrders(config, context));
