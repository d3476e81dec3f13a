#!/usr/bin/env node
import { run } from "./program.ts";

const code = await run(process.argv.slice(2));
// Not by itself: what a command gave up waiting for, such as a broker, would keep the process.
process.stdout.write("", () => process.exit(code));
