import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

let network: TestNetwork;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
});
afterAll(() => network[Symbol.asyncDispose]());

const as = (tenant = "shop") => network.as(tenant);
const create = async (first_name: string, last_name: string, tenant = "shop") =>
  (await network.profiles.createProfile({ profile: { first_name, last_name } }, as(tenant))).profile!;

describe("profiles", () => {
  it("count up per tenant and show both names in one of at most 255 characters", async () => {
    const [first, second] = [await create("Ada", "Lovelace"), await create("a".repeat(255), "b".repeat(255))];
    expect(first).toMatchObject({ full_name: "Ada Lovelace" });
    expect(second.id).toBe(first.id! + 1);
    expect(second.full_name).toBe("a".repeat(255));
  });

  it("get other names, which one event tells; the same names again tell nothing", async () => {
    const { id } = await create("Grace", "Brewster");
    const change = { id, profile: { first_name: "Grace", last_name: "Hopper" } };
    await network.profiles.updateProfile(change, as());
    await network.profiles.updateProfile(change, as());
    const { profile } = await network.profiles.getProfile({ id }, as());
    expect(profile).toMatchObject({ id, full_name: "Grace Hopper" });
    const events = await network.groupingsDb
      .collection("outbox")
      .find({ tenant_id: network.tenant("shop") })
      .toArray();
    const told = events.filter(({ data }) => JSON.parse(data).id === id).map(({ type }) => type);
    expect(told).toEqual(["waybill.profile.created.v1", "waybill.profile.updated.v1"]);
  });

  it("are listed newest first, page by page, and counted when asked", async () => {
    const ids: number[] = [];
    for (const name of ["a", "b", "c"]) ids.push((await create(name, name, "lister")).id!);
    const first = await network.profiles.listProfiles({ limit: 2, include_counts: true }, as("lister"));
    expect(first).toMatchObject({ limit: 2, offset: 0, include_counts: true, total: 3 });
    const cursor = first.next_cursor;
    const rest = await network.profiles.listProfiles({ limit: 2, cursor }, as("lister"));
    expect([...first.data, ...rest.data].map(({ id }) => id)).toEqual(ids.toReversed());
    expect(rest).toMatchObject({ total: null, next_cursor: null });
  });

  it("of another tenant are unknown", async () => {
    const { id } = await create("Only", "Mine");
    const change = { id, profile: { first_name: "x", last_name: "y" } };
    const unknown = { code: "PROFILE_NOT_FOUND" };
    await expect(network.profiles.getProfile({ id }, as("other"))).rejects.toMatchObject(unknown);
    await expect(network.profiles.updateProfile(change, as("other"))).rejects.toMatchObject(unknown);
  });
});
