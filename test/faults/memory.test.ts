import { afterAll, beforeAll, expect, it } from "vitest";
import { anOrder } from "./order.ts";
import { startFaultSystem, type FaultSystem } from "./system.ts";

const HEAP_MB = 256;
const CALLS = 6;

let faults: FaultSystem;
beforeAll(async () => {
  faults = await startFaultSystem(false, { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` });
  await faults.send("POST", "/skus", [{ customer_identifier: "shirt" }]);
});
afterAll(() => faults[Symbol.asyncDispose]());

it(`calls of 1,000 orders with 20 lines, one after another, pass with ${HEAP_MB} MB of heap a service`, async () => {
  const line_items = Array.from({ length: 20 }, () => ({ sku_customer_id: "shirt", quantity: 1 }));
  for (let call = 0; call < CALLS; call += 1) {
    const names = Array.from({ length: 1_000 }, (_, index) => `m-${call}-${index}`);
    const orders = names.map((name) => ({ ...anOrder(name), line_items }));
    // A machine that is busy with other things may need a repeat, which is safe.
    const create = async () => (await faults.send("POST", "/orders", orders))?.body.records_succeeded;
    await expect.poll(create, { timeout: 60_000 }).toBe(1_000);
  }
  const starts = Object.values(faults.system.services).map(({ name, starts: count }) => [name, count()]);
  expect(starts).toEqual(starts.map(([name]) => [name, 1]));
});
