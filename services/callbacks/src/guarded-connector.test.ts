import { describe, expect, it } from "vitest";
import { AddressBlocked, guardedLookup, NameUnresolved } from "./guarded-connector.ts";

const production = { sandbox: false };

function look(addresses: string[], all: boolean, policy = production) {
  return new Promise<unknown>((resolve, reject) =>
    guardedLookup(policy, async () => addresses)("host.example", { all }, (error, found, family) =>
      error ? reject(error) : resolve(all ? found : [found, family]),
    ),
  );
}

describe("a name", () => {
  it("is connected to at exactly the addresses that were checked", async () => {
    expect(await look(["1.1.1.1", "2606:4700::1"], true)).toEqual([
      { address: "1.1.1.1", family: 4 },
      { address: "2606:4700::1", family: 6 },
    ]);
    expect(await look(["2606:4700::1"], false)).toEqual(["2606:4700::1", 6]);
  });

  it.each([
    ["a private one", ["10.0.0.1"]],
    ["this machine", ["127.0.0.1"]],
    ["a public and a private one", ["1.1.1.1", "192.168.0.1"]],
    ["a public one and metadata", ["169.254.169.254", "1.1.1.1"]],
    ["a public one and this machine", ["1.1.1.1", "::1"]],
    ["what is no address", ["1.1.1.1", "localhost"]],
  ])("with %s is blocked", async (_, addresses) => {
    await expect(look(addresses, true)).rejects.toThrow(AddressBlocked);
    await expect(look(addresses, false)).rejects.toThrow(AddressBlocked);
  });

  it("of this machine passes in the sandbox", async () => {
    expect(await look(["127.0.0.1"], true, { sandbox: true })).toEqual([{ address: "127.0.0.1", family: 4 }]);
  });

  it("that does not resolve says so", async () => {
    const failed = new Promise((_, reject) =>
      guardedLookup(production, () => Promise.reject(new Error("ENOTFOUND")))("x.example", {}, reject),
    );
    await expect(failed).rejects.toThrow(NameUnresolved);
  });
});
