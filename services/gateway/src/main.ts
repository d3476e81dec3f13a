import { run } from "@waybill/process/run.ts";
import { readSettings } from "@waybill/process/settings.ts";
import { settings, toConfig } from "./config.ts";
import { startGateway } from "./service.ts";

await run("gateway", () => toConfig(readSettings(settings, process.env)), startGateway);
