import type { LineCount } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { OrderEvent } from "@waybill/proto/orders/v1/orders.ts";
import { expect, vi } from "vitest";
import { countsOfLine, countsOfOrder } from "../../../test/line-counts.ts";
import { replay } from "./replay.ts";
import { as, patient, type World } from "./world.ts";

/**
 * Checks, once nobody works on it any more, that everything in a world agrees: see `interleavings`. Answers
 * whether all of it could be checked.
 */
export async function checkWorld(world: World): Promise<boolean> {
  const decided = await Promise.all(world.requests.map((request) => decision(world, request)));
  const events = await Promise.all(world.ids.map((order) => eventsOf(world, order)));
  // A request that nobody knows of may still be on its way.
  if (world.unsure) {
    events.forEach(replay);
    return false;
  }
  const ofType = (pattern: RegExp) =>
    world.ids.flatMap((order, at) =>
      events[at]!.map(({ type }) => `${order} ${type}`).filter((text) => pattern.test(text)),
    );
  const succeeded = decided
    .filter(({ status }) => status === "success")
    .map(
      ({ kind, order_id }) => `${order_id} waybill.order.${kind === "update" ? "updated" : "canceled"}.v1`,
    );
  expect(ofType(/waybill\.(order|return)\.(?!created)|return\.created/).toSorted()).toEqual(
    [...world.left, ...succeeded, ...events.flatMap(endedByUpdate)].toSorted(),
  );
  const resolutions = events.flat().filter(({ message_type }) => message_type?.endsWith("Resolution"));
  const told = resolutions.map(({ data }) => JSON.parse(data)).map(({ id, status }) => `${id} ${status}`);
  expect(told.toSorted()).toEqual(decided.map(({ id, status }) => `${id} ${status}`).toSorted());
  await Promise.all(world.ids.map((order, at) => checkOrder(world, order, events[at]!)));
  return true;
}

/** The cancel of an order whose new lines left nothing to ship comes right before the update. */
function endedByUpdate(events: readonly OrderEvent[]): string[] {
  return events
    .filter(
      ({ type }, index) => type.endsWith(".canceled.v1") && events[index + 1]?.type.endsWith(".updated.v1"),
    )
    .map(({ type, data }) => `${JSON.parse(data).order_id} ${type}`);
}

async function checkOrder(world: World, id: string, events: readonly OrderEvent[]): Promise<void> {
  const replayed = replay(events);
  const { order } = await patient(() => world.network.orders.getOrder({ order: id }, as(world)));
  const substatus = replayed.held
    ? "on_hold"
    : expect.toSatisfy((text) => text !== "on_hold" && text !== "updating");
  expect(order).toMatchObject({ status: replayed.status, substatus });
  if (replayed.status === "open") return;
  const counts = await countsOf(world, id);
  expect(
    counts.map(({ id: line, ordered, fulfilled, shorted, canceled, returning, returned }) => [
      line,
      { ordered, fulfilled, shorted, canceled, returning, returned },
    ]),
  ).toEqual([...replayed.lines]);
  const shipped = order!.shipments.flatMap((one) => one.shipment_line_items);
  expect(sumOf(shipped.map(({ quantity }) => quantity!))).toBe(
    sumOf(counts.map(({ fulfilled }) => fulfilled)),
  );
  await vi.waitFor(async () => expect(await ledgerOf(world, id)).toEqual(counts.map(countsOfOrder)), {
    timeout: 20_000,
    interval: 50,
  });
}

async function ledgerOf(world: World, order: string) {
  const { orders: found } = await world.network.lineItems.listLineItems({ order_ids: [order] }, as(world));
  return found[0]!.line_items.map(countsOfLine);
}

async function countsOf({ network }: World, order: string): Promise<LineCount[]> {
  const stored = network.ordersDb.collection<{ _id: string; line_counts: LineCount[] }>("orders");
  return (await stored.findOne({ _id: order }))!.line_counts;
}

async function eventsOf(world: World, order: string, after_sequence = 0): Promise<OrderEvent[]> {
  const request = { order, after_sequence, limit: 100 };
  const { data, next_cursor } = await patient(() => world.network.orders.listOrderEvents(request, as(world)));
  return next_cursor ? [...data, ...(await eventsOf(world, order, next_cursor))] : data;
}

function decision(world: World, { kind, id }: World["requests"][number]) {
  const read = () =>
    kind === "update"
      ? world.network.requests.getOrderUpdateRequest({ id }, as(world))
      : world.network.requests.getOrderCancelRequest({ id }, as(world));
  return vi.waitUntil(
    async () => {
      const { request } = await patient<{
        request?: { id: string; order_id: string; status: string } | null;
      }>(read);
      return request!.status === "pending" ? null : { ...request!, kind };
    },
    { timeout: 20_000, interval: 25 },
  );
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
