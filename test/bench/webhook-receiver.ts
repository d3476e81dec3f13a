// A receiver in a thread of its own: answers 204, never at /dark, and notes what came when.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort } from "node:worker_threads";

/** A webhook's id, and when its request began: milliseconds since the epoch. */
export type Arrival = [id: string, atMs: number];

let arrivals: Arrival[] = [];
const server = createServer((request, response) => {
  const atMs = performance.timeOrigin + performance.now();
  request.resume();
  if (request.url === "/dark") return;
  arrivals.push([String(request.headers["webhook-id"]), atMs]);
  request.on("end", () => response.writeHead(204).end());
});
server.listen(0, "127.0.0.1", () => parentPort!.postMessage((server.address() as AddressInfo).port));
// Asked for what has come: tells it, and begins anew.
parentPort!.on("message", () => {
  parentPort!.postMessage(arrivals);
  arrivals = [];
});
