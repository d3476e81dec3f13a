import type { Command } from "commander";
import type { Callback, NewCallback, GetCallbackDeliveryAnswer } from "../gen/types.ts";
import { connect, optionsOf } from "./connection.ts";
import { exitCodes, say, sayJson, sayTable, styled, tell } from "./terminal.ts";
import { tryCallback } from "./try-callback.ts";

const messageTypes = ["orderEvent", "orderUpdateResolution", "orderCancelResolution"] as const;
/** The longest attempt with what the callbacks service has by default, and some seconds for it to begin. */
const TEST_MS_MAX = 20_000;

/** `waybill callbacks`. */
export function addCallbacks(program: Command): void {
  const callbacks = program.command("callbacks").description("where webhooks go");
  callbacks.command("list").description("registrations, and how their receivers do").action(list);
  callbacks
    .command("add")
    .description("registers a url; its secret is shown once")
    .argument("<url>", "https, to a public address; a sandbox takes http to this machine too")
    .option("--type <types...>", `which messages it gets (${messageTypes.join(", ")}; default: all)`)
    .option("--token <token>", "sent as Authorization: Bearer <token>")
    .action(add);
  callbacks
    .command("test")
    .description("sends a test event to a registration, and tells what its receiver answered")
    .argument("<id>", "of the registration")
    .action(test);
}

async function list(_options: unknown, command: Command): Promise<void> {
  const options = optionsOf(command);
  const { data } = await connect(options).listCallbacks();
  if (options.json) return data.forEach(sayJson);
  if (data.length === 0) return say("No registrations. waybill callbacks add <url> makes one.");
  const row = (one: Callback) => [
    one.id,
    one.message_type,
    one.held ? "held" : one.status,
    one.health?.state,
    one.health?.oldest_undelivered_at,
    percent(one.health?.error_rate),
    one.url,
  ];
  sayTable(["id", "type", "status", "health", "waits since", "errors", "url"], data.map(row));
}

function percent(rate: number | null | undefined): string | null {
  return rate === null || rate === undefined ? null : `${Math.round(rate * 100)} %`;
}

async function add(url: string, _options: unknown, command: Command): Promise<void> {
  const options = optionsOf<{ type?: string[]; token?: string }>(command);
  const types = (options.type ?? messageTypes) as NewCallback["message_type"][];
  const token = options.token === undefined ? {} : { token: options.token };
  const records = types.map((message_type) => ({ url, message_type, ...token }));
  const { results } = await connect(options).createCallbacks(records);
  for (const [index, result] of results.entries()) {
    if (result.status !== "success") process.exitCode = exitCodes.failed;
    if (options.json) sayJson({ message_type: types[index], ...result });
    else if (result.status !== "success") tell(`${types[index]}: ${result.reason}`);
    else
      say(
        `${types[index]}  ${result.system_id}  ${result.secret ?? "(registered before; its secret is not told again)"}`,
      );
  }
  if (!options.json) tell("Keep the secrets: they verify that a webhook is from Waybill.");
}

async function test(id: string, _options: unknown, command: Command): Promise<void> {
  const options = optionsOf(command);
  const delivery = await tryCallback(connect(options), id, AbortSignal.timeout(TEST_MS_MAX));
  if (delivery.status !== "delivered") process.exitCode = exitCodes.failed;
  if (options.json) return sayJson(delivery);
  for (const { outcome, status_code, duration_ms, response_start } of delivery.attempts) {
    const answer = [status_code, `${duration_ms} ms`, response_start].filter(
      (fact) => fact !== null && fact !== "",
    );
    say(`${outcome}: ${answer.join(", ")}`);
  }
  const isThere = delivery.status === "delivered";
  say(isThere ? styled("green", "delivered") : styled("red", `${delivery.status}${reasonOf(delivery)}`));
}

function reasonOf({ id, reason, attempts, next_attempt_at }: GetCallbackDeliveryAnswer): string {
  if (reason) return `: ${reason}`;
  if (attempts.length === 0)
    return `: no attempt has ended in ${TEST_MS_MAX / 1_000} s; waybill doctor tells what is wrong, GET /callback_deliveries/${id} what becomes of it`;
  return next_attempt_at ? `: it will be tried again at ${next_attempt_at}` : "";
}
