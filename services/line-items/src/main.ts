import { run } from "@waybill/process/run.ts";
import { readSettings } from "@waybill/process/settings.ts";
import { settings, toConfig } from "./config.ts";
import { startLineItems } from "./service.ts";

await run("line-items", () => toConfig(readSettings(settings, process.env)), startLineItems);
