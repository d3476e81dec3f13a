import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portSettings, startSystem, type Ports } from "@waybill/dev-env/system.ts";
import { expect, onTestFinished, test } from "vitest";
import { anOrder } from "../../faults/order.ts";

const KEY = "containers_key";

test("the whole system chooses containers where there is an engine, and says so", async () => {
  const system = await startSystem({
    dataDir: temporaryFolder(),
    ports: Object.fromEntries(Object.keys(portSettings).map((name) => [name, 0])) as Ports,
    apiKeys: { [KEY]: "containers" },
    env: process.env,
    ephemeral: true,
    report: () => {},
  });
  onTestFinished(() => system.stop());
  expect([system.mongodb.origin, system.kafka.origin]).toEqual([
    expect.stringMatching(/^container of /),
    expect.stringMatching(/^container of /),
  ]);
  const post = (path: string, body: unknown) =>
    fetch(system.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  await post("/skus", [{ customer_identifier: "shirt" }, { customer_identifier: "hat" }]);
  const answer = await post("/orders", [anOrder("by-containers")]);
  expect(await answer.json()).toMatchObject({ records_succeeded: 1 });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "waybill-containers-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
