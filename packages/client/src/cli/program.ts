import { Command, CommanderError } from "commander";
import { ApiError, ConnectionError, UnexpectedAnswerError } from "../errors.ts";
import { addCallbacks } from "./callbacks.ts";
import { addDoctor } from "./doctor.ts";
import { addEvents } from "./events.ts";
import { addKeys } from "./keys.ts";
import { addOrders } from "./orders.ts";
import { exitCodes, tell, UsageError } from "./terminal.ts";

const URL_DEFAULT = "http://127.0.0.1:8080";

const exitCodesHelp = `
Exit codes:
  0  done
  1  refused, failed in part, or something is wrong
  2  the command makes no sense as it is
  3  no answer: the same command again may help, and does nothing twice`;

/** Runs a command line, such as `["orders", "list"]`; answers the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? exitCodes.ok);
  } catch (error) {
    return exitCodeOf(error);
  }
}

function program(): Command {
  const waybill = new Command("waybill")
    .description("Work with Waybill from the command line.")
    .option("--url <url>", "where the API is (WAYBILL_URL)", process.env["WAYBILL_URL"] ?? URL_DEFAULT)
    .option("--key <key>", "the key of your tenant (better: WAYBILL_KEY, which no process list shows)")
    .option("--json", "answer for machines: JSON, one value a line")
    .addHelpText("after", exitCodesHelp)
    .exitOverride();
  const { WAYBILL_KEY: key } = process.env;
  if (key) waybill.setOptionValueWithSource("key", key, "env");
  for (const add of [addDoctor, addOrders, addCallbacks, addEvents, addKeys]) add(waybill);
  return waybill;
}

function exitCodeOf(error: unknown): number {
  // Help and version end so too, with 0; commander has told what is wrong.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  tell(error instanceof Error ? error.message : String(error));
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof ApiError) tell(`${error.action} (request ${error.requestId})`);
  return isUnreachable(error) ? exitCodes.unreachable : exitCodes.failed;
}

function isUnreachable(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  const answered = error instanceof ApiError || error instanceof UnexpectedAnswerError;
  return answered && [429, 502, 503, 504].includes(error.status);
}
