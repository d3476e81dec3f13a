import { setTimeout as delay } from "node:timers/promises";
import type { OrderInput, Waybill } from "@waybill/client";
import { expect } from "vitest";
import type { ReceivedWebhook, Receiver } from "../../services/callbacks/test/receiver.ts";
import { readOrderEvents, type SeenEvent } from "./order-topic.ts";
import { anOrder } from "./order.ts";
import type { Pairs } from "./pairs.ts";

/** What was asked for an order, and answered with success. */
export interface Journey {
  name: string;
  id: string;
  grouping: number;
  /** Else it was shipped. */
  isCanceled: boolean;
}

const CALLERS = 4;
const PACE_MS = 100;
const SHIPPED = ["atWarehouse", "inProcess", "packed", "fulfilled"];
const CANCELED = ["canceled"];
/** Created, then the moves; created, canceled, and the request's resolution. */
const EVENTS = { shipped: 5, canceled: 3 };
const ARRIVED_WITHIN_MS = 60_000;

/** What journeys need: SKUs, and registrations of these paths. */
export async function prepareJourneys(client: Waybill, receiver: Receiver, paths: string[]): Promise<void> {
  await client.createSkus([{ customer_identifier: "shirt" }, { customer_identifier: "hat" }]);
  const message_type = "orderEvent" as const;
  await client.createCallbacks(paths.map((path) => ({ url: receiver.url(path), message_type })));
}

/** Sends orders through every service, some callers at once, until the signal; rejects if a call fails. */
export async function sendJourneys(client: Waybill, prefix: string, until: AbortSignal): Promise<Journey[]> {
  const profile = await client.createProfile({ first_name: prefix, last_name: "L" });
  const callers = Array.from({ length: CALLERS }, async (_, caller) => {
    const journeys: Journey[] = [];
    for (let nth = 0; !until.aborted; nth += 1) {
      journeys.push(await sendJourney(client, `${prefix}-${caller}-${nth}`, profile.id, nth % 3 === 2));
      await delay(PACE_MS);
    }
    return journeys;
  });
  return (await Promise.all(callers)).flat();
}

async function sendJourney(
  client: Waybill,
  name: string,
  profile_id: number,
  isCanceled: boolean,
): Promise<Journey> {
  const created = await client.createOrders([anOrder(name) as OrderInput]);
  const id = succeeded(created.results).system_id!;
  const items = [{ sku_customer_id: "shirt", quantity: 1 }];
  const { id: grouping } = await client.createGroupings(id, { profile_id, reference: name, items });
  await client.listCallbacks();
  const moved = isCanceled
    ? await client.createOrderCancelRequests([{ customer_identifier: name }])
    : await client.shipOrders([{ order_customer_id: name }]);
  succeeded<{ status: string; reason: string | null }>(moved.results);
  return { name, id, grouping, isCanceled };
}

function succeeded<Result extends { status: string; reason: string | null }>(results: Result[]): Result {
  expect(results.map(({ status, reason }) => [status, reason])).toEqual([["success", null]]);
  return results[0]!;
}

/** Each order is there once, with its lines and its one grouping, and is what it was asked to become. */
export async function expectOrders(client: Waybill, journeys: readonly Journey[]): Promise<void> {
  const asked = journeys.map(({ name, id, isCanceled }) => [
    name,
    id,
    2,
    isCanceled ? "canceled" : "fulfilled",
  ]);
  const listed = async () => {
    const found = [];
    for await (const order of client.listOrders({ limit: 100 }))
      found.push([order.customer_identifier, order.id, order.line_items.length, order.status]);
    return found.toSorted();
  };
  await expect.poll(listed, { timeout: ARRIVED_WITHIN_MS }).toEqual(asked.toSorted());
  for (const { id, grouping, isCanceled } of journeys) {
    const groupings = async () =>
      (await client.listGroupings(id)).map((one) => [one.id, one.uom_quantity_fulfilled]);
    await expect.poll(groupings).toEqual([[grouping, isCanceled ? 0 : 1]]);
  }
}

/** Each order's events are on the topic without a gap, and a repeat of one has the same id and bytes. */
export async function expectEvents({ kafka }: Pairs, journeys: readonly Journey[]): Promise<SeenEvent[]> {
  const wanted = journeys.flatMap(({ id, isCanceled }) =>
    Array.from({ length: isCanceled ? EVENTS.canceled : EVENTS.shipped }, (_, index) => `${id} ${index + 1}`),
  );
  const placesOf = (events: readonly SeenEvent[]) => new Set(events.map(placeOf));
  const isComplete = (events: readonly SeenEvent[]) =>
    events.length >= wanted.length && placesOf(events).size >= wanted.length;
  const seen = await readOrderEvents({ kafka }, isComplete, ARRIVED_WITHIN_MS);
  expect(placesOf(seen)).toEqual(new Set(wanted));
  for (const [place, copies] of Map.groupBy(seen, placeOf))
    expect(new Set(copies.map(({ id, value }) => id + value)).size, `copies of ${place}`).toBe(1);
  return seen;
}

const placeOf = ({ orderId, sequence }: SeenEvent) => `${orderId} ${sequence}`;

/** Each path got each order's webhooks in order; a repeat of one has the same bytes. */
export async function expectWebhooks(
  receiver: Receiver,
  paths: readonly string[],
  journeys: readonly Journey[],
): Promise<void> {
  const wanted = journeys.map(({ id, isCanceled }) => [id, isCanceled ? CANCELED : SHIPPED]);
  for (const path of paths) {
    const told = () => Object.entries(statusesByOrder(receiver.at(path))).toSorted();
    await expect.poll(told, { timeout: ARRIVED_WITHIN_MS }).toEqual(wanted.toSorted());
    for (const [id, copies] of Map.groupBy(receiver.at(path), webhookId))
      expect(new Set(copies.map(({ body }) => body)).size, `copies of ${id}`).toBe(1);
  }
}

/** The statuses of an order in the order in which its webhooks arrived for the first time. */
function statusesByOrder(webhooks: readonly ReceivedWebhook[]): Record<string, string[]> {
  const firsts = new Map(webhooks.toReversed().map((webhook) => [webhookId(webhook), webhook]));
  const arrived = webhooks.filter((webhook) => firsts.get(webhookId(webhook)) === webhook);
  const orders = Object.groupBy(arrived, ({ headers }) => String(headers["waybill-order-id"]));
  const statusOf = ({ body }: ReceivedWebhook) => JSON.parse(body).data[0].status as string;
  return Object.fromEntries(Object.entries(orders).map(([id, of]) => [id, of!.map(statusOf)]));
}

const webhookId = ({ headers }: ReceivedWebhook) => String(headers["webhook-id"]);
