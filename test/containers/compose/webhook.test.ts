import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { apiOf } from "../../e2e/api.ts";
import { anOrder } from "../../faults/order.ts";

const PORT = 9200;
const STATUSES = ["atWarehouse", "inProcess", "packed", "fulfilled"];
const api = apiOf("containers");

interface Arrived {
  headers: Record<string, string>;
  body: string;
}

// On the loopback of the callbacks container: the one private place where a sandbox sends webhooks to.
const RECEIVER = `
const http = require("node:http");
const { text } = require("node:stream/consumers");
http.createServer(async (request, response) => {
  console.log(JSON.stringify({ headers: request.headers, body: await text(request) }));
  response.writeHead(204).end();
}).listen(${PORT}, "127.0.0.1", () => console.log("{}"));
`;

const arrived: Arrived[] = [];
let receiver: ChildProcess;

beforeAll(async () => {
  const callbacks = `${inject("composeProject")}-callbacks-1`;
  receiver = spawn("docker", ["exec", callbacks, "node", "-e", RECEIVER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const listening = Promise.withResolvers<void>();
  createInterface({ input: receiver.stdout! }).on("line", (line) => {
    if (line === "{}") listening.resolve();
    else arrived.push(JSON.parse(line) as Arrived);
  });
  receiver.once("exit", () => listening.reject(new Error("the receiver ended")));
  await listening.promise;
});
// Its server ends with the container.
afterAll(() => void receiver.kill());

it("an order's way to its last webhook, through containers only", async () => {
  await api.post("/skus", [{ customer_identifier: "shirt" }, { customer_identifier: "hat" }]);
  const url = `http://127.0.0.1:${PORT}/hook`;
  const registered = await api.post("/callbacks", [{ url, message_type: "orderEvent" }]);
  const created = await api.post("/orders", [anOrder("contained")]);
  expect(created.body).toMatchObject({ records_succeeded: 1 });
  const shipped = await api.post("/data_factory/shipOrder", [{ order_customer_id: "contained" }]);
  expect(shipped.body).toMatchObject({ records_succeeded: 1 });

  await expect.poll(() => arrived.length).toBe(STATUSES.length);
  const { secret } = registered.body.results[0];
  const bodies = arrived.map(({ headers, body }) => new Webhook(secret).verify(body, headers) as any);
  expect(bodies.map(({ data }) => data[0].status)).toEqual(STATUSES);
});
