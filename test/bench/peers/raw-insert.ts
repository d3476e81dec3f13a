import { orderLinesCollection } from "@waybill/line-items/order-lines.ts";
import { ensureCollections, type CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { ordersCollection } from "@waybill/orders/order.ts";
import type { Document, MongoClient } from "mongodb";

type Stored = Document & { _id: string };

/** Inserts copies of stored orders and of their lines, and nothing else. */
type RawInsert = (orders: number) => Promise<void>;

/**
 * Two `insertMany` of the documents that Waybill stores of an order, which is given as a model: the order
 * and its lines, with majority and journal, without a transaction, outbox or check. `indexed`: into
 * collections with the same indexes as Waybill's.
 */
export async function rawInsert(mongo: MongoClient, model: string, indexed: boolean): Promise<RawInsert> {
  const db = mongo.db(indexed ? "raw_indexed" : "raw");
  const declared: CollectionDeclaration[] = [ordersCollection, orderLinesCollection];
  await ensureCollections(
    db,
    declared.map(({ name, indexes }) => ({ name, indexes: indexed ? indexes : [] })),
  );
  const order = await mongo.db("orders").collection<Stored>("orders").findOne({ _id: model });
  const lines = await mongo.db("line_items").collection<Stored>("order_lines").findOne({ _id: model });
  const [orders, orderLines] = declared.map(({ name }) => db.collection<Stored>(name));
  let order_nr = 0;
  return async (count) => {
    const ids = Array.from({ length: count }, newId);
    await orderLines!.insertMany(ids.map((_id) => ({ ...lines, _id })));
    const numbered = (_id: string) => ({ _id, customer_identifier: _id, order_nr: (order_nr += 1) });
    await orders!.insertMany(ids.map((_id) => ({ ...order, ...numbered(_id) })));
  };
}
