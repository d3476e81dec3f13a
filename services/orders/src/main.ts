import { run } from "@waybill/process/run.ts";
import { readSettings } from "@waybill/process/settings.ts";
import { settings, toConfig } from "./config.ts";
import { startOrders } from "./service.ts";

await run("orders", () => toConfig(readSettings(settings, process.env)), startOrders);
