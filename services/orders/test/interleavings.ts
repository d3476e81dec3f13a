import { randomUUID } from "node:crypto";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { OrderUpdate } from "@waybill/proto/orders/v1/order_requests.ts";
import fc from "fast-check";
import { expect } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import { checkWorld } from "./world-check.ts";
import { allowed, answered, as, createOrder, patient, type World } from "./world.ts";

/** The model is the world's own notes; what they must fit is checked against the event log at the end. */
type Command = fc.AsyncCommand<object, World>;

const skus = ["shirt", "hat"];
/** The last of them has been shipped before, so that there is something to return. */
const ORDERS = 3;
const orders = fc.nat(ORDERS - 1);
const units = fc.array(
  fc.record({ sku_customer_id: fc.constantFrom(...skus), quantity: fc.integer({ min: 1, max: 3 }) }),
  { maxLength: 2 },
);
const some = fc.array(
  fc.record({ sku_customer_id: fc.constantFrom(...skus), quantity: fc.integer({ min: 1, max: 3 }) }),
  { minLength: 1, maxLength: 2 },
);

function command(name: string, details: unknown, run: (world: World) => Promise<void>): Command {
  return {
    check: () => true,
    run: (_model, world) => run(world),
    toString: () => `${name} ${fc.stringify(details)}`,
  };
}

/**
 * Calls, once or twice at the same time and again after a success, under one request id; notes the one event of
 * a success.
 */
function move(
  name: string,
  event: string,
  extra: fc.Arbitrary<object>,
  call: (world: World, request: { order: string; request_id: string }) => Promise<unknown>,
): fc.Arbitrary<Command> {
  return fc.tuple(orders, fc.boolean(), extra).map(([at, twice, content]) =>
    command(name, [at, twice, content], async (world) => {
      const order = world.ids[at]!;
      const request = { order, request_id: randomUUID(), ...content };
      const tries = Array.from({ length: twice ? 2 : 1 }, () => allowed(() => call(world, request)));
      if (!(await Promise.all(tries)).includes(true)) return;
      world.left.push(`${order} waybill.${event}.v1`);
      if (twice) expect(await allowed(() => call(world, request))).toBe(true);
    }),
  );
}

const nothing = fc.constant({});
const lines = units.map((named) => ({ lines: named }));
const moves: fc.WeightedArbitrary<Command>[] = [
  {
    weight: 3,
    arbitrary: move("accept", "order.accepted", nothing, (world, request) =>
      world.network.fulfillment.acceptOrder(request, as(world)),
    ),
  },
  {
    weight: 4,
    arbitrary: move("start", "order.started", lines, (world, request) =>
      world.network.fulfillment.startOrder({ lines: [], ...request }, as(world)),
    ),
  },
  {
    weight: 4,
    arbitrary: move("pack", "order.packed", lines, (world, request) =>
      world.network.fulfillment.packOrder({ lines: [], ...request }, as(world)),
    ),
  },
  {
    weight: 4,
    arbitrary: move(
      "ship",
      "order.shipped",
      units.map((shipment_line_items) => ({ shipment: { shipment_line_items } })),
      (world, request) => world.network.fulfillment.shipOrder(request, as(world)),
    ),
  },
  {
    weight: 2,
    arbitrary: move(
      "short",
      "order.shorted",
      some.map((named) => ({ shorts: named.map((one) => ({ ...one, reason: "damage" })) })),
      (world, request) => world.network.fulfillment.shortOrder({ shorts: [], ...request }, as(world)),
    ),
  },
  {
    weight: 2,
    arbitrary: move("deliver", "order.delivered", nothing, (world, request) =>
      world.network.fulfillment.deliverOrder({ shipment_ids: [], ...request }, as(world)),
    ),
  },
  {
    weight: 1,
    arbitrary: move("hold", "order.held", nothing, (world, request) =>
      world.network.fulfillment.holdOrder(request, as(world)),
    ),
  },
  {
    weight: 2,
    arbitrary: move("release", "order.released", nothing, (world, request) =>
      world.network.fulfillment.releaseOrder(request, as(world)),
    ),
  },
];

const wholeMoves: Record<string, (world: World, order: string) => Promise<void>> = {
  accept: wholeMove("accepted", (world, request) =>
    world.network.fulfillment.acceptOrder(request, as(world)),
  ),
  start: wholeMove("started", (world, request) =>
    world.network.fulfillment.startOrder({ ...request, lines: [] }, as(world)),
  ),
  pack: wholeMove("packed", (world, request) =>
    world.network.fulfillment.packOrder({ ...request, lines: [] }, as(world)),
  ),
  ship: wholeMove("shipped", (world, request) => world.network.fulfillment.shipOrder(request, as(world))),
  deliver: wholeMove("delivered", (world, request) =>
    world.network.fulfillment.deliverOrder({ ...request, shipment_ids: [] }, as(world)),
  ),
};

function wholeMove(
  event: string,
  call: (world: World, request: { order: string; request_id: string }) => Promise<unknown>,
) {
  return async (world: World, order: string) => {
    const request = { order, request_id: randomUUID() };
    if (await allowed(() => call(world, request))) world.left.push(`${order} waybill.order.${event}.v1`);
  };
}

const askReturn = fc.tuple(orders, some).map(([at, items]) =>
  command("return", [at, items], async (world) => {
    const order = world.ids[at]!;
    const asked = world.network.returns.createReturn({ return: { order_id: order, items } }, as(world));
    const opened = await answered(world, asked);
    if (opened === null) return;
    world.returns.push({ id: opened.return!.id!, order });
    world.left.push(`${order} waybill.return.created.v1`);
  }),
);

const settleReturn = fc
  .tuple(
    fc.constantFrom("receive", "receive", "reject", "cancel"),
    fc.nat(),
    fc.oneof(fc.constant<{ sku_customer_id: string; quantity: number }[]>([]), units),
  )
  .map(([how, at, items]) =>
    command(how, [at, items], async (world) => {
      const found = world.returns[at % Math.max(1, world.returns.length)];
      if (!found) return;
      const { returns } = world.network;
      const request = { id: found.id, request_id: randomUUID(), items };
      const calls = {
        receive: () => returns.receiveReturn(request, as(world)),
        reject: () => returns.rejectReturn(request, as(world)),
        cancel: () => returns.cancelReturn(request, as(world)),
      };
      const event = how === "cancel" ? "canceled" : `${how === "receive" ? "receiv" : "reject"}ed`;
      if (await allowed(calls[how as keyof typeof calls]))
        world.left.push(`${found.order} waybill.return.${event}.v1`);
    }),
  );

const askUpdate = fc.tuple(orders, some).map(([at, named]) =>
  command("update", [at, named], async (world) => {
    const blank = OrderUpdate.decode(new Uint8Array());
    const fields = Object.entries(anOrder(world.names[at]!)).filter(([field]) => Object.hasOwn(blank, field));
    const line_items = named.map(({ sku_customer_id, quantity }) => aLine(sku_customer_id, quantity + 3));
    const record = { ...blank, ...Object.fromEntries(fields), line_items };
    const asked = world.network.requests.createOrderUpdateRequests({ requests: [record] }, as(world));
    const taken = await answered(world, asked);
    if (taken) world.requests.push({ kind: "update", id: taken.results[0]!.system_id! });
  }),
);

const askCancel = orders.map((at) =>
  command("cancel order", at, async (world) => {
    const requests = [{ customer_identifier: world.names[at]! }];
    const taken = await answered(
      world,
      world.network.requests.createOrderCancelRequests({ requests }, as(world)),
    );
    if (taken) world.requests.push({ kind: "cancel", id: taken.results[0]!.system_id! });
  }),
);

const createAgain = orders.map((at) =>
  command("create", at, async (world) => {
    await sameOrder(world, at);
  }),
);

async function sameOrder(world: World, at: number): Promise<void> {
  expect(await createOrder(world, at)).toBe(world.ids[at]);
}

/** What a warehouse does that goes through its orders: the next move with all units there are. */
const workOn = orders.map((at) =>
  command("work on", at, async (world) => {
    const order = world.ids[at]!;
    const { order: shown } = await patient(() => world.network.orders.getOrder({ order }, as(world)));
    const next = ["accept", "start", "pack", "ship", "deliver"].find((one) =>
      shown!.allowed_actions.includes(one),
    );
    if (next) await wholeMoves[next]!(world, order);
  }),
);

const step = fc.oneof(
  { weight: 16, arbitrary: workOn },
  ...moves,
  { weight: 6, arbitrary: askReturn },
  { weight: 10, arbitrary: settleReturn },
  { weight: 3, arbitrary: askUpdate },
  { weight: 1, arbitrary: askCancel },
  { weight: 1, arbitrary: createAgain },
);
const client = fc.array(step, { minLength: 15, maxLength: 30 });

/** The SKUs of the orders that are worked on. */
export async function prepare(network: TestNetwork): Promise<void> {
  await network.skus.createSkus({ skus: skus.map((sku) => aSku(sku)) }, as({ network }));
}

/** How many worlds were checked, and how much of them. */
export interface Tally {
  whole: number;
  part: number;
}

/**
 * Several clients work on the same few orders at once, against the real services. Whatever they do and in
 * whatever order it happens: every answer is a success or a refusal by state; each success left exactly one
 * event and each refusal none; the events of each order, read by `replay`, allow each other one by one; they
 * give the order's final state, its counts and line-items' ledger; and each request was resolved once. Where a
 * call was not answered, only what the events say can be checked: `tally` counts both.
 */
export function interleavings(network: TestNetwork, tally: Tally) {
  return fc.asyncProperty(fc.tuple(client, client, client), async (clients) => {
    const names = Array.from({ length: ORDERS }, () => randomUUID());
    const world: World = { network, names, ids: [], returns: [], left: [], requests: [], unsure: false };
    const created = await Promise.all(
      clients.map(() => Promise.all(names.map((_, at) => createOrder(world, at)))),
    );
    world.ids = created[0]!;
    expect(created).toEqual(clients.map(() => world.ids));
    await shipLast(world);
    await Promise.all(
      clients.map((commands) => fc.asyncModelRun(() => ({ model: {}, real: world }), commands)),
    );
    tally[(await checkWorld(world)) ? "whole" : "part"] += 1;
  });
}

async function shipLast(world: World): Promise<void> {
  const orders = [{ order_customer_id: world.names.at(-1)!, status: "fulfilled" }];
  await patient(() => world.network.sandbox.advanceOrders({ orders }, as(world)));
  const moved = ["accepted", "started", "packed", "shipped"];
  world.left.push(...moved.map((event) => `${world.ids.at(-1)!} waybill.order.${event}.v1`));
}
