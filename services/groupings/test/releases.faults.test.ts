import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { aGrouping, anItem } from "./records.ts";

let network: TestNetwork;
let profile_id: number;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
  const ada = { first_name: "Ada", last_name: "Lovelace" };
  profile_id = (await network.profiles.createProfile({ profile: ada }, as())).profile!.id!;
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

/** A grouping with one item of a released SKU and one of a SKU that is released then. */
async function grouped(name: string, release_at: string): Promise<string> {
  const skus = [aSku(name, { release_at }), aSku(`${name}-old`, { release_at: "2020-01-01T00:00:00.000Z" })];
  await network.skus.createSkus({ skus }, as());
  const order = anOrder(name, { line_items: [aLine(name), aLine(`${name}-old`)] });
  const { results } = await network.orders.createOrders({ orders: [order] }, as());
  const id = results[0]!.system_id!;
  const items = skus.map(({ customer_identifier }) => anItem(1, { sku_customer_id: customer_identifier! }));
  await network.groupings.createGroupings(
    { order: id, groupings: [aGrouping("g", profile_id, items)] },
    as(),
  );
  return id;
}

const read = async (order: string) => (await network.groupings.listGroupings({ order }, as())).groupings[0]!;

/** As PUT /skus does it. */
const release = (name: string, release_at: string) =>
  network.skus.updateSkus({ skus: [aSku(name, { release_at })] }, as());

async function told(order: string) {
  const rows = await network.groupingsDb.collection("outbox").find({ aggregate_id: order }).toArray();
  return rows
    .filter(({ type }) => type === "waybill.grouping.released.v1")
    .map(({ data }) =>
      JSON.parse(data).releases.map(({ sku_id, ...release }: { sku_id: string }) => release),
    );
}

describe("a release date", () => {
  it("that lies ahead shows on its item and its grouping; when it passes, that is told once", async () => {
    const later = inMs(3_600_000);
    const id = await grouped("soon", later);
    expect(await read(id)).toMatchObject({
      has_prerelease: true,
      has_released: true,
      release_at: later,
      items: [
        { release_at: later, is_prerelease: true, is_released: false },
        { release_at: "2020-01-01T00:00:00.000Z", is_prerelease: false, is_released: true },
      ],
    });
    expect(await told(id)).toEqual([]);
    const release_at = inMs(500);
    await release("soon", release_at);
    const passed = { release_at, released: true };
    const tellings = async () => (await told(id)).filter(([release]) => release.released);
    await vi.waitFor(async () => expect(await tellings()).toEqual([[passed]]), {
      timeout: 15_000,
      interval: 20,
    });
    await vi.waitFor(async () => expect((await read(id)).release_at).toBeNull());
    expect(await read(id)).toMatchObject({ has_prerelease: false, has_released: true });
    expect(await tellings()).toEqual([[passed]]);
  });

  it("that moves is told with its new date", async () => {
    const id = await grouped("moving", inMs(3_600_000));
    const release_at = inMs(7_200_000);
    await release("moving", release_at);
    await vi.waitFor(async () => expect(await told(id)).toHaveLength(1), { timeout: 15_000, interval: 20 });
    expect(await told(id)).toEqual([[{ release_at, released: false }]]);
    expect(await read(id)).toMatchObject({ has_prerelease: true, release_at });
  });
});
