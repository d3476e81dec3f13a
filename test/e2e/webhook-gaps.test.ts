import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { checkReceiver } from "@waybill/dev-env/receiver/check.ts";
import { expect, inject, it, onTestFinished, vi } from "vitest";
import { apiOf, keyOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const api = apiOf("webhook-gaps");
const [order] = documentExample("001-create-orders");
const example = fileURLToPath(new URL("../../docs/webhooks/receiver.mjs", import.meta.url));

/** The guide's receiver; answers what it prints. */
async function runExample(port: number, secret: string): Promise<string[]> {
  const env = {
    PATH: process.env["PATH"],
    WEBHOOK_SECRET: secret,
    WAYBILL: inject("system").url,
    KEY: keyOf("webhook-gaps"),
    PORT: String(port),
  };
  const child = spawn(process.execPath, [example], { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    child.kill();
    await once(child, "exit");
  });
  const lines: string[] = [];
  createInterface(child.stdout).on("line", (line) => lines.push(line));
  await vi.waitUntil(() => lines.length > 0, { timeout: 40_000 });
  return lines;
}

it(
  "the guide's receiver fetches what its order had before, handles each event once, and passes the check",
  { timeout: 60_000 },
  async () => {
    await api.post("/skus", [{ customer_identifier: "shirts872340" }]);
    const { body: made } = await api.post("/orders", [{ ...order, customer_identifier: "healed" }]);
    const orderId = made.results[0].system_id;
    const advance = (status: string) =>
      api.post("/data_factory/advanceOrder", [{ order_customer_id: "healed", status }]);
    await advance("packed");
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const { body: registered } = await api.post("/callbacks", [{ url, message_type: "orderEvent" }]);
    const { system_id, secret } = registered.results[0];
    const lines = await runExample(port, secret);
    // Its first webhook may come before the registration has one: what came before that is fetched in any case.
    await advance("fulfilled");
    await vi.waitUntil(() => lines.length >= 5, { timeout: 40_000 });
    await api.post("/callback_replays", { callback_id: system_id });
    await advance("delivered");
    await vi.waitUntil(() => lines.length >= 6, { timeout: 40_000 });
    const statuses = ["atWarehouse", "inProcess", "packed", "fulfilled", "delivered"];
    expect(lines.slice(1)).toEqual(statuses.map((status, index) => `${orderId} ${index + 2} ${status}`));

    const failed: string[] = [];
    for await (const { title, passed } of checkReceiver({ url, secret, token: null }))
      if (!passed) failed.push(title);
    expect(failed).toEqual([]);
    await api.delete("/callbacks", [system_id]);
  },
);
