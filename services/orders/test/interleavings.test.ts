import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { startTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { interleavings, prepare } from "./interleavings.ts";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
  await prepare(network);
});
afterAll(() => network[Symbol.asyncDispose]());

test("whatever several clients do at once, orders, events, requests and the ledger agree", async () => {
  // What happens at once does not happen again in the same way: a failure is told as it was, not shrunk.
  const running = fc.assert(interleavings(network), { numRuns: 2, endOnFailure: true });
  await expect(running).resolves.toBeUndefined();
});
