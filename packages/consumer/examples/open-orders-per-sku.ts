// A running total of open orders and their units per SKU, kept in SQLite, right after every crash and repeat.
//
//   KAFKA_BROKERS=127.0.0.1:19092 node packages/consumer/examples/open-orders-per-sku.ts
//
// With WAYBILL_URL and WAYBILL_KEY it fetches events that the topic has lost already from the API.
import { DatabaseSync } from "node:sqlite";
import { setInterval as ticks } from "node:timers/promises";
import { Waybill } from "@waybill/client";
import {
  healByRest,
  inOrder,
  PositionMoved,
  startConsumer,
  type Gap,
  type InOrderOptions,
  type WaybillEvent,
} from "@waybill/consumer";
import { Kafka, logLevel } from "kafkajs";

/** What the totals of one SKU are. */
export interface Total {
  sku: string;
  orders: number;
  units: number;
}

/** What keeps the totals. */
export interface TotalsOptions {
  brokers: string[];
  /** Of the topics' names. */
  prefix: string;
  /** The database's file; `:memory:` forgets it with the process, and then the group must be new. */
  file: string;
  group: string;
  heal?: InOrderOptions["heal"];
}

/** Totals that follow the topics. */
export interface Totals extends AsyncDisposable {
  read: () => Total[];
}

/** Follows orders for their status, and line items for what is in them. */
export function keepTotals({ brokers, prefix, file, group, heal }: TotalsOptions): Totals {
  const database = openDatabase(file);
  const kafka = new Kafka({ clientId: group, brokers, retry: { retries: 3 }, logLevel: logLevel.ERROR });
  const consumers = ["waybill.orders.v1", "waybill.line-items.v1"].map((topic) =>
    startConsumer({
      kafka,
      group: `${prefix}${group}.${topic}`,
      topic: prefix + topic,
      handle: inOrder({
        ...storeIn(database, topic),
        // Only orders can be asked for their events.
        ...(heal && topic === "waybill.orders.v1" ? { heal } : {}),
        onGap: ({ aggregateId, applied, sequence }) =>
          process.stderr.write(`${topic} ${aggregateId}: nothing between ${applied} and ${sequence}\n`),
      }),
    }),
  );
  return {
    read: () => database.prepare(TOTALS).all() as unknown as Total[],
    async [Symbol.asyncDispose]() {
      await Promise.all(consumers.map((consumer) => consumer[Symbol.asyncDispose]()));
      database.close();
    },
  };
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS positions (topic TEXT, key TEXT, sequence INTEGER, PRIMARY KEY (topic, key));
  CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, open INTEGER DEFAULT 0, revision INTEGER DEFAULT 0);
  CREATE TABLE IF NOT EXISTS lines (order_id TEXT, sku TEXT, units INTEGER);
  CREATE INDEX IF NOT EXISTS lines_of_order ON lines (order_id);`;

const TOTALS = `
  SELECT sku, COUNT(DISTINCT order_id) AS orders, SUM(units) AS units
  FROM lines JOIN orders ON orders.id = lines.order_id WHERE orders.open = 1
  GROUP BY sku ORDER BY sku`;

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = WAL; ${TABLES}`);
  return database;
}

/** The events of a topic and how far they are applied, in one transaction. */
function storeIn(database: DatabaseSync, topic: string): Pick<InOrderOptions, "load" | "apply"> {
  const find = database.prepare("SELECT sequence FROM positions WHERE topic = ? AND key = ?");
  const move = database.prepare(
    `INSERT INTO positions VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET sequence = excluded.sequence WHERE excluded.sequence > positions.sequence`,
  );
  return {
    load: async (keys) =>
      new Map(
        keys.flatMap((key) => {
          const found = find.get(topic, key);
          return found ? [[key, Number(found["sequence"])] as const] : [];
        }),
      ),
    apply: async (events, positions) => {
      database.exec("BEGIN IMMEDIATE");
      try {
        for (const [key, sequence] of positions)
          if (move.run(topic, key, sequence).changes === 0) throw new PositionMoved();
        for (const event of events) applyTo(database, event);
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
  };
}

function applyTo(database: DatabaseSync, event: WaybillEvent): void {
  switch (event.type) {
    case "waybill.order.created.v1":
    case "waybill.order.updated.v1": {
      const { id, status, lines_revision, line_items } = event.data;
      setOpen(database, id, status === "open");
      return setLines(database, id, lines_revision ?? 0, line_items);
    }
    case "waybill.order.accepted.v1":
    case "waybill.order.canceled.v1":
      return setOpen(database, event.data.order_id, event.data.status === "open");
    case "waybill.line_items.changed.v1":
      return setLines(database, event.data.order_id, event.data.lines_revision, event.data.lines);
    default:
    // Nothing else opens or closes an order, or changes what is in one that is open.
  }
}

function setOpen(database: DatabaseSync, id: string, open: boolean): void {
  const sql = "INSERT INTO orders (id, open) VALUES (?, ?) ON CONFLICT DO UPDATE SET open = excluded.open";
  database.prepare(sql).run(id, open ? 1 : 0);
}

/** The two topics are read apart, so only newer lines take the place of others. */
function setLines(
  database: DatabaseSync,
  id: string,
  revision: number,
  lines: readonly { sku_customer_id: string | null; quantity: number | null }[],
): void {
  const newer = database.prepare(
    `INSERT INTO orders (id, revision) VALUES (?, ?)
     ON CONFLICT DO UPDATE SET revision = excluded.revision WHERE excluded.revision > orders.revision`,
  );
  if (newer.run(id, revision).changes === 0) return;
  database.prepare("DELETE FROM lines WHERE order_id = ?").run(id);
  const insert = database.prepare("INSERT INTO lines VALUES (?, ?, ?)");
  for (const { sku_customer_id, quantity } of lines) insert.run(id, sku_customer_id, quantity);
}

async function main(): Promise<void> {
  const { KAFKA_BROKERS = "127.0.0.1:19092", TOPIC_PREFIX = "", WAYBILL_URL, WAYBILL_KEY } = process.env;
  const waybill = WAYBILL_URL && WAYBILL_KEY ? new Waybill({ url: WAYBILL_URL, key: WAYBILL_KEY }) : null;
  await using totals = keepTotals({
    brokers: KAFKA_BROKERS.split(","),
    prefix: TOPIC_PREFIX,
    file: "open-orders.sqlite",
    group: "open-orders",
    ...(waybill ? { heal: (gap: Gap) => healByRest(waybill, gap) } : {}),
  });
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  let shown = "";
  try {
    for await (const _tick of ticks(1_000, null, { signal: stop.signal })) {
      const rows = totals
        .read()
        .map(({ sku, orders, units }) => `${sku}: ${units} units in ${orders} open orders`);
      if (rows.join() !== shown) process.stdout.write(`${rows.join("\n")}\n\n`);
      shown = rows.join();
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}

if (import.meta.main) await main();
