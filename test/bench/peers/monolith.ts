// What a team would write first: Express and MongoDB in one file. No events, no lines of their own, no
// validation beyond JSON, no tenants, no keys. Started as a process of its own; prints its port.
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import express from "express";
import { MongoClient } from "mongodb";

interface OrderDocument {
  _id: string;
  [field: string]: unknown;
}

const client = new MongoClient(process.env["MONGODB_URL"]!, {
  writeConcern: { w: "majority", journal: true },
});
const orders = client.db("monolith").collection<OrderDocument>("orders");
await orders.createIndex({ customer_identifier: 1 }, { unique: true });
await orders.createIndex({ updated_at: -1, _id: -1 });

const app = express();
app.use(express.json({ limit: "10mb" }));

app.post("/orders", async (request, response) => {
  const now = new Date().toISOString();
  const documents = (request.body as object[]).map((record) => ({
    ...record,
    _id: randomUUID(),
    status: "open",
    created_at: now,
    updated_at: now,
  }));
  await orders.insertMany(documents);
  response.json({ results: documents.map(({ _id }) => ({ status: "success", system_id: _id })) });
});

app.get("/orders/:id", async (request, response) => {
  const order = await orders.findOne({ _id: request.params.id });
  if (order === null) response.status(404).json({ error: "not found" });
  else response.json(order);
});

app.get("/orders", async (request, response) => {
  const limit = Number(request.query["limit"] ?? 30);
  const data = await orders.find().sort({ updated_at: -1, _id: -1 }).limit(limit).toArray();
  response.json({ data, limit });
});

const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
