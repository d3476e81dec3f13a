import { run } from "@waybill/process/run.ts";
import { readSettings } from "@waybill/process/settings.ts";
import { settings, toConfig } from "./config.ts";
import { startGroupings } from "./service.ts";

await run("groupings", () => toConfig(readSettings(settings, process.env)), startGroupings);
