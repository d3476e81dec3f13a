import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import type { Callback, NewCallback, GetCallbackDeliveryAnswer } from "../gen/types.ts";
import type { Waybill } from "../waybill.ts";
import { connect, optionsOf } from "./connection.ts";
import { exitCodes, say, sayJson, sayTable, styled, tell } from "./terminal.ts";

const messageTypes = ["orderEvent", "orderUpdateResolution", "orderCancelResolution"] as const;
const TEST_MS_MAX = 30_000;
const LOOK_MS = 250;

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
  const waybill = connect(options);
  const { id: deliveryId } = await waybill.testCallback(id);
  const delivery = await settled(waybill, deliveryId);
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

function reasonOf({ reason, next_attempt_at }: GetCallbackDeliveryAnswer): string {
  if (reason) return `: ${reason}`;
  return next_attempt_at ? `: it will be tried again at ${next_attempt_at}` : "";
}

/** The delivery after its first attempt, or when half a minute has passed without one. */
async function settled(waybill: Waybill, id: string): Promise<GetCallbackDeliveryAnswer> {
  const deadline = performance.now() + TEST_MS_MAX;
  for (;;) {
    const delivery = await waybill.getCallbackDelivery(id);
    // An attempt is told a moment before what becomes of its delivery.
    const isOver = delivery.status !== "pending" || delivery.attempts.some(({ outcome }) => outcome !== "ok");
    if (isOver || performance.now() > deadline) return delivery;
    await delay(LOOK_MS);
  }
}
