import { aLine, anUpdate, aSku } from "@waybill/dev-env/records.ts";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, it, test } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { decideRequest } from "../src/decide-request.ts";
import type { Status } from "../src/legality.ts";
import { pack, substatusOf } from "../src/lifecycle.ts";
import { resolveAs } from "../src/resolve-request.ts";
import { getOrder } from "../src/rpc/get-order.ts";
import { decideOldRequests } from "../src/request-sweeper.ts";
import { moveOrder, openDecisions, type CrashPoint } from "./decisions.ts";

const TENANT = "shop";
const skus = ["shirt", "hat", "scarf"];
let network: TestNetwork;
let on: Awaited<ReturnType<typeof openDecisions>>;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
  await network.skus.createSkus({ skus: skus.map((sku) => aSku(sku)) }, network.as(TENANT));
  on = await openDecisions(network);
});
afterAll(() => network[Symbol.asyncDispose]());

const decide = (id: string) => decideRequest(on.context, TENANT, id);
const sweep = () =>
  decideOldRequests(on.context, new Date(Date.now() + 1_000).toISOString(), new AbortController().signal);
/** The lines of an order as sku and quantity, such as "hat 2". */
const named = (
  lines: readonly { sku_customer_id?: string | null | undefined; quantity?: number | null | undefined }[],
) => lines.map(({ sku_customer_id, quantity }) => `${sku_customer_id} ${quantity}`);
const resolutionsOf = async (orderId: string) =>
  (await on.events(orderId)).filter(({ message_type }) => message_type?.endsWith("Resolution"));

describe("an update whose process dies", () => {
  const cases = (["open", "atWarehouse", "inProcess"] as const).flatMap((status) =>
    (["before-call", "after-call"] as const).map((crash) => [status, crash] as const),
  );
  it.each(cases)(
    "of an order %s, %s of line-items, leaves it locked, and is finished by the next",
    async (status, crash) => {
      const order = await on.create(`died-${status}-${crash}`, [aLine("shirt", 2)], status);
      const record = anUpdate(order.customer_identifier, {
        gift_message: "new",
        line_items: [aLine("hat", 3)],
      });
      const [id] = await on.ask("update", order, [record]);
      on.crashes.push(crash);
      await expect(decide(id!)).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
      const locked = await on.order(order._id);
      expect([locked.changing, substatusOf(locked), locked.gift_message]).toEqual([id, "updating", null]);
      await expect(moveOrder(on.context, order._id, pack)).rejects.toMatchObject({ code: "ORDER_CHANGING" });

      await decide(id!);
      await decide(id!);
      const after = await on.order(order._id);
      expect(after).toMatchObject({ changing: null, status, gift_message: "new" });
      expect(named(await on.lines(order._id))).toEqual(["hat 3"]);
      const counted = after.line_counts.map(
        ({ sku_customer_id, outstanding }) => `${sku_customer_id} ${outstanding}`,
      );
      expect(counted).toEqual(status === "open" ? [] : ["hat 3"]);
      expect((await resolutionsOf(order._id)).map(({ data }) => JSON.parse(data))).toMatchObject([
        { id, status: "success", status_at_decision: status, version_at_decision: order.version },
      ]);
    },
  );

  it("is finished before the next request of its order is decided", async () => {
    const order = await on.create("next", [aLine("shirt")]);
    const records = ["first", "second"].map((gift_message) => anUpdate("next", { gift_message }));
    const [first, second] = await on.ask("update", order, records);
    on.crashes.push("after-call");
    await expect(decide(first!)).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
    await decide(second!);
    const ids = (await resolutionsOf(order._id)).map(({ data }) => JSON.parse(data).id);
    expect(ids).toEqual([first, second]);
    expect(await on.order(order._id)).toMatchObject({ gift_message: "second", changing: null });
  });
});

test("a cancel whose process dies is done by the next one, once", async () => {
  for (const crash of ["before-call", "after-call"] as const) {
    const order = await on.create(`cancel-died-${crash}`, [aLine("shirt", 2)]);
    const [id] = await on.ask("cancel", order, [null]);
    on.crashes.push(crash);
    await expect(decide(id!)).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
    expect(await on.order(order._id)).toMatchObject({ status: "open", version: 1 });
    await Promise.all([decide(id!), decide(id!), decide(id!)]);
    expect((await on.events(order._id)).map(({ type }) => type)).toEqual([
      "waybill.order.created.v1",
      "waybill.order.canceled.v1",
      "waybill.order_cancel.resolved.v1",
    ]);
  }
});

test("many who decide the same request at once decide it once", async () => {
  const order = await on.create("crowd", [aLine("shirt")], "atWarehouse");
  const [id] = await on.ask("update", order, [anUpdate("crowd", { line_items: [aLine("hat", 2)] })]);
  await Promise.all(Array.from({ length: 6 }, () => decide(id!)));
  expect(await resolutionsOf(order._id)).toHaveLength(1);
  expect((await on.order(order._id)).line_counts).toMatchObject([{ sku_customer_id: "hat", outstanding: 2 }]);
});

describe("what fails for a reason that nobody foresaw", () => {
  it("is a failure in the end, with the order free and as it was", async () => {
    const order = await on.create("faulty", [aLine("shirt")], "atWarehouse");
    const [id] = await on.ask("update", order, [anUpdate("faulty", { gift_message: "new" })]);
    on.crashes.push("bug-before-call", "bug-before-call", "bug-before-call");
    await decide(id!);
    expect(await on.request(id!)).toMatchObject({ status: "failure", code: "INTERNAL", record: null });
    expect(await on.order(order._id)).toMatchObject({
      changing: null,
      gift_message: null,
      status: "atWarehouse",
    });
    expect(named(await on.lines(order._id))).toEqual(["shirt 1"]);
    const late = { order_id: order._id, request_id: id!, line_items: [aLine("hat")] };
    const { lineItems } = network;
    await expect(lineItems.replaceLines(late, network.as(TENANT))).rejects.toMatchObject({
      code: "REPLACEMENT_ABANDONED",
    });
  });

  it.each(["open", "atWarehouse"] as const)(
    "is no failure once the lines of an order %s are replaced: it stays locked until it is finished",
    async (status) => {
      const order = await on.create(`halfway-${status}`, [aLine("shirt")], status);
      const record = anUpdate(order.customer_identifier, {
        gift_message: "new",
        line_items: [aLine("hat", 2)],
      });
      const [id] = await on.ask("update", order, [record]);
      on.crashes.push("bug-after-call", "bug-after-call", "bug-after-call");
      await expect(decide(id!)).rejects.toThrow("bug-after-call");
      expect(await on.request(id!)).toMatchObject({ status: "pending" });
      expect(substatusOf(await on.order(order._id))).toBe("updating");
      expect(named(await on.lines(order._id))).toEqual(["hat 2"]);

      await sweep();
      expect(await on.request(id!)).toMatchObject({ status: "success" });
      expect(await on.order(order._id)).toMatchObject({ changing: null, gift_message: "new" });
      expect(await resolutionsOf(order._id)).toHaveLength(1);
    },
  );

  it("that was given up is a failure, though the process dies before that is written", async () => {
    const order = await on.create("given-up", [aLine("shirt")], "atWarehouse");
    const [id] = await on.ask("update", order, [anUpdate("given-up", { line_items: [aLine("hat")] })]);
    on.crashes.push("before-call");
    await expect(decide(id!)).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
    const replacement = { order_id: order._id, request_id: id! };
    const answer = await network.lineItems.abandonReplacement(replacement, network.as(TENANT));
    expect(answer).toEqual({ replaced: false });
    await decide(id!);
    expect(await on.request(id!)).toMatchObject({ status: "failure", code: "REPLACEMENT_ABANDONED" });
    expect(named(await on.lines(order._id))).toEqual(["shirt 1"]);
    expect(await on.order(order._id)).toMatchObject({ changing: null });
  });

  it("is tried again before", async () => {
    const order = await on.create("flaky", [aLine("shirt")]);
    const [id] = await on.ask("update", order, [anUpdate("flaky", { gift_message: "new" })]);
    on.crashes.push("bug-before-call", "bug-after-call");
    await decide(id!);
    expect(await on.request(id!)).toMatchObject({ status: "success" });
  });
});

test("what lost its command is decided by the sweeper, the oldest first", async () => {
  const order = await on.create("swept", [aLine("shirt")]);
  const [update] = await on.ask("update", order, [anUpdate("swept")]);
  const [cancel] = await on.ask("cancel", order, [null]);
  await sweep();
  const decided = (await resolutionsOf(order._id)).map(({ data }) => JSON.parse(data));
  expect(decided.map(({ id, status }) => [id, status])).toEqual([
    [update, "success"],
    [cancel, "success"],
  ]);
});

describe("the sandbox", () => {
  const resolve = (kind: "update" | "cancel", id: string, resolution: "success" | "failure") =>
    resolveAs(on.context, TENANT, kind, id, resolution);

  it("has a pending request decided at once, by the machine that decides all", async () => {
    const order = await on.create("resolved", [aLine("shirt")]);
    const [id] = await on.ask("update", order, [anUpdate("resolved", { gift_message: "new" })]);
    expect(await resolve("update", id!, "success")).toMatchObject({ _id: id, status: "success" });
    expect(await on.order(order._id)).toMatchObject({ gift_message: "new" });
    await expect(resolve("update", id!, "failure")).rejects.toMatchObject({ code: "STATUS_FORBIDS" });
    await expect(resolve("cancel", id!, "success")).rejects.toMatchObject({ code: "REQUEST_NOT_FOUND" });
  });

  it("fails a pending one on demand, but no update that has begun", async () => {
    const order = await on.create("simulated", [aLine("shirt")]);
    const [first, second] = await on.ask("update", order, [anUpdate("simulated"), anUpdate("simulated")]);
    on.crashes.push("after-call");
    await expect(decide(first!)).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
    await expect(resolve("update", first!, "failure")).rejects.toMatchObject({ code: "ORDER_CHANGING" });
    expect(await resolve("update", second!, "failure")).toMatchObject({ code: "SIMULATED_FAILURE" });
    expect(await resolve("update", first!, "success")).toMatchObject({ status: "success" });
    expect(await resolutionsOf(order._id)).toHaveLength(2);
  });
});

describe("IN_PROCESS_CANCEL", () => {
  it.each<[boolean, Record<string, boolean>, string]>([
    [true, {}, "success"],
    [false, {}, "failure"],
    [true, { shop: false }, "failure"],
    [false, { shop: true, other: false }, "success"],
  ])("%s with %j: %s", async (allowed, tenants, status) => {
    const name = `in-process-${allowed}-${JSON.stringify(tenants)}`;
    const order = await on.create(name, [aLine("shirt")], "inProcess");
    const [id] = await on.ask("cancel", order, [null]);
    const inProcessCancel = { allowed, byTenant: new Map(Object.entries(tenants)) };
    const context = { ...on.context, inProcessCancel };
    const shown = await getOrder(context as never, { order: order._id }, network.as(TENANT) as never);
    expect(shown.order!.allowed_actions.includes("cancel")).toBe(status === "success");
    await decideRequest(context, TENANT, id!);
    expect(await on.request(id!)).toMatchObject({
      status,
      reason: status === "failure" ? "Order already in process" : null,
      lost_to: status === "failure" ? { type: "waybill.order.started.v1", sequence: 3 } : null,
    });
  });
});

describe("any requests for an order, with crashes anywhere", () => {
  const crash = fc.option(fc.constantFrom<CrashPoint>("before-call", "after-call"), { freq: 2 });
  const updates = fc.record({
    kind: fc.constant("update" as const),
    lines: fc.array(
      fc.record({ sku: fc.constantFrom(...skus, "unknown"), quantity: fc.integer({ min: 1, max: 9 }) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    crash,
  });
  const cancels = fc.record({ kind: fc.constant("cancel" as const), crash });
  const plans = fc.array(fc.oneof({ weight: 5, arbitrary: updates }, { weight: 1, arbitrary: cancels }), {
    minLength: 1,
    maxLength: 6,
  });
  type Plan = typeof plans extends fc.Arbitrary<infer Steps> ? Steps : never;
  const statuses = fc.constantFrom<Status>("open", "atWarehouse", "inProcess");

  it("are each resolved once and in order, and the order is what the last that succeeded made of it", async () => {
    let runs = 0;
    const check = async (status: Status, plan: Plan) => {
      const order = await on.create(`plan-${(runs += 1)}`, [aLine("shirt", 4)], status);
      const ids: string[] = [];
      for (const [index, step] of plan.entries()) {
        const line_items =
          step.kind === "update" ? step.lines.map(({ sku, quantity }) => aLine(sku, quantity)) : [];
        const record = anUpdate(order.customer_identifier, { gift_message: `step ${index}`, line_items });
        ids.push(...(await on.ask(step.kind, order, [step.kind === "update" ? record : null])));
      }
      for (const [index, id] of ids.entries()) {
        on.crashes.splice(
          0,
          on.crashes.length,
          ...(plan[index]!.crash === null ? [] : [plan[index]!.crash!]),
        );
        await decide(id).catch(() => decide(id));
      }
      const resolutions = (await resolutionsOf(order._id)).map(({ data }) => JSON.parse(data));
      expect(resolutions.map(({ id }) => id)).toEqual(ids);
      const events = await on.events(order._id);
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));

      const canceledAt = plan.findIndex(({ kind }) => kind === "cancel");
      const expected = plan.map((step, index) => {
        if (canceledAt !== -1 && index > canceledAt) return "failure";
        return step.kind === "update" && step.lines.some(({ sku }) => sku === "unknown")
          ? "failure"
          : "success";
      });
      expect(resolutions.map((resolution) => resolution.status)).toEqual(expected);
      const last = plan.findLastIndex(
        (step, index) => step.kind === "update" && expected[index] === "success",
      );
      const lines = last === -1 ? ["shirt 4"] : linesOf(plan[last]!);
      const after = await on.order(order._id);
      expect(after).toMatchObject({ changing: null, gift_message: last === -1 ? null : `step ${last}` });
      expect(after.status).toBe(canceledAt === -1 ? status : "canceled");
      expect(named(await on.lines(order._id))).toEqual(lines);
      const counts = after.line_counts.map(({ sku_customer_id, ordered }) => `${sku_customer_id} ${ordered}`);
      expect(counts).toEqual(after.status === "open" ? [] : lines);
    };
    const linesOf = (step: Plan[number]) =>
      step.kind === "update" ? step.lines.map(({ sku, quantity }) => `${sku} ${quantity}`) : [];
    await fc.assert(fc.asyncProperty(statuses, plans, check), { numRuns: 12 });
  });
});
