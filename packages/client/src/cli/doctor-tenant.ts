import { UnauthenticatedError } from "../gen/errors.ts";
import type { Callback } from "../gen/types.ts";
import type { Waybill } from "../waybill.ts";
import { inTime, probed, type Check } from "./check.ts";
import { connect, type GlobalOptions } from "./connection.ts";
import { UsageError } from "./terminal.ts";

/** A request is decided a moment after it is made. */
const PENDING_MS_MAX = 60_000;
const PAGE = 100;
const again = "run it again; if it stays so, report it with the request's id";

/** What the tenant of the key sees: its key, its webhooks, its requests. */
export async function checkTenant(options: GlobalOptions): Promise<Check[]> {
  const [key, waybill] = await checkKey(options);
  if (waybill === null) return [key];
  const found = await Promise.all([
    probed("callbacks", again, () => checkCallbacks(waybill)),
    probed("deliveries", again, () => checkDeliveries(waybill)),
    probed("requests", again, () => checkRequests(waybill)),
  ]);
  return [key, ...found.flat()];
}

async function checkKey(options: GlobalOptions): Promise<[Check, Waybill | null]> {
  const fix = "set WAYBILL_KEY to a key of the gateway's API_KEYS; waybill keys create makes one";
  try {
    const waybill = connect(options, { retries: 1, timeoutMs: 5_000 });
    // The wait that the API asks for may be longer than anybody looks at a terminal.
    await inTime(waybill.listCallbackHolds());
    return [{ name: "key", state: "ok", detail: "accepted" }, waybill];
  } catch (error) {
    if (error instanceof UsageError)
      return [{ name: "key", state: "skipped", detail: "none is given", fix }, null];
    const detail = error instanceof UnauthenticatedError ? "not known to the gateway" : String(error);
    return [{ name: "key", state: "fail", detail, fix }, null];
  }
}

async function checkCallbacks(waybill: Waybill): Promise<Check[]> {
  const { data } = await waybill.listCallbacks();
  if (data.length > 0) return data.map(checkCallback);
  const fix = "waybill callbacks add <url> registers a receiver";
  return [{ name: "callbacks", state: "skipped", detail: "none is registered", fix }];
}

function checkCallback({ id, message_type, url, status, held, health }: Callback): Check {
  const name = `callback ${message_type}`;
  const since = health?.oldest_undelivered_at
    ? `; the oldest webhook waits since ${health.oldest_undelivered_at}`
    : "";
  if (status === "unreadable") {
    const fix =
      "start the callbacks service with the SECRETS_KEY that it was registered under, or register it anew";
    return { name, state: "fail", detail: `${url} (${id}): its secret does not open${since}`, fix };
  }
  if (status !== "active" || held) {
    const fix = held
      ? "DELETE /callback_holds lifts the hold; what was kept is sent in its order"
      : `PATCH /callbacks/${id} with {"status": "active"} sends what was kept, in its order`;
    return { name, state: "warn", detail: `${url} (${id}) is ${held ? "held" : status}${since}`, fix };
  }
  if (health?.state !== "failing") return { name, state: "ok", detail: url };
  const fix = `waybill callbacks test ${id} tells what the receiver answers`;
  return { name, state: "fail", detail: `${url} (${id}) fails${since}`, fix };
}

async function checkDeliveries(waybill: Waybill): Promise<Check[]> {
  const { data, next_cursor } = await waybill.listCallbackDeliveries({ status: "failed", limit: PAGE });
  const count = next_cursor === null ? String(data.length) : `more than ${PAGE}`;
  const fix = "POST /callback_replays sends them again, once their receiver works";
  return [
    { name: "deliveries", state: data.length > 0 ? "warn" : "ok", detail: `${count} failed for good`, fix },
  ];
}

async function checkRequests(waybill: Waybill): Promise<Check[]> {
  const pending = { status: "pending", limit: PAGE } as const;
  const lists = await Promise.all([
    waybill.listOrderUpdateRequests(pending),
    waybill.listOrderCancelRequests(pending),
  ]);
  const overdue = lists.flatMap(({ data }) => data).filter(({ created_at }) => isOverdue(created_at));
  const detail = overdue.length === 0 ? "none waits" : `${overdue.length} wait for more than a minute`;
  const fix = "the orders service decides them as it reads its topic: look at its log and at its lag";
  return [{ name: "requests", state: overdue.length > 0 ? "fail" : "ok", detail, fix }];
}

function isOverdue(createdAt: string): boolean {
  return Date.now() - Date.parse(createdAt) > PENDING_MS_MAX;
}
