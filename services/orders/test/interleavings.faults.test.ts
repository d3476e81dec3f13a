import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { interleavings, prepare } from "./interleavings.ts";

const TIME_LIMIT_MS = 40_000;
/** Each with a few orders and clients of its own. */
const WORLDS = 4;

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
  await prepare(network);
});
afterAll(() => network[Symbol.asyncDispose]());

test("whatever several clients do at once, over many runs at the same time, everything agrees", async () => {
  const options = {
    numRuns: 1_000,
    endOnFailure: true,
    interruptAfterTimeLimit: TIME_LIMIT_MS,
    markInterruptAsFailure: false,
  };
  const tally = { whole: 0, part: 0 };
  const runs = Array.from({ length: WORLDS }, () => fc.assert(interleavings(network, tally), options));
  await expect(Promise.all(runs)).resolves.toHaveLength(WORLDS);
  process.stdout.write(`${tally.whole} worlds checked, ${tally.part} by their events only\n`);
  expect(tally.whole).toBeGreaterThanOrEqual(WORLDS);
  expect(tally.whole).toBeGreaterThan(tally.part);
});
