import { topics } from "@waybill/events/topics.ts";
import { Kafka, logLevel } from "kafkajs";
import { byRounds, type BenchContext } from "./bench.ts";
import { openDrain } from "./drained.ts";
import { openLoop, percentile } from "./load.ts";
import { anOrder } from "./records.ts";
import { openStage, type Stage } from "./stage.ts";
import { followTopic, type FollowedTopic } from "./topic.ts";

const RATE = 20;
const WARM_MS = 1_000;

/** One kind of change: gets an order that nothing was done to yet, and ends when its effect is there. */
interface Change {
  what: string;
  run: (order: StoredOrder) => Promise<unknown>;
}

interface StoredOrder {
  id: string;
  record: { customer_identifier: string };
}

/** How long changes of orders take until others see them, at a fixed rate. */
export async function requests(context: BenchContext): Promise<void> {
  await using stage = await openStage(context);
  await using drain = await openDrain(context.kafkaBrokers, stage.mongo);
  const kafka = new Kafka({ brokers: context.kafkaBrokers.split(","), logLevel: logLevel.NOTHING });
  await using orderEvents = await followTopic(kafka, topics.orders);
  await using groupingEvents = await followTopic(kafka, topics.groupings);
  for (const change of await changesOf(stage, orderEvents, groupingEvents)) {
    const { report, phaseMs } = context;
    report(`${change.what}: p99 in ms`);
    const orders = await createOrders(
      stage,
      ((WARM_MS + phaseMs * context.rounds) / 1_000) * RATE + context.rounds + 1,
    );
    await drain.followed();
    const run = () => change.run(orders.pop()!);
    await openLoop(RATE, WARM_MS, run);
    const medians: number[] = [];
    const { waybill } = await byRounds(context, {
      waybill: async () => {
        const { latencies } = await openLoop(RATE, phaseMs, run);
        medians.push(percentile(latencies, 0.5));
        return percentile(latencies, 0.99);
      },
    });
    context.record({ what: `${change.what}, ${RATE}/s open loop, p50`, unit: "ms", waybill: medians });
    context.record({ what: `${change.what}, ${RATE}/s open loop, p99`, unit: "ms", waybill });
  }
}

async function changesOf(
  { api }: Stage,
  orderEvents: FollowedTopic,
  groupingEvents: FollowedTopic,
): Promise<Change[]> {
  const post = (path: string, body: object) => api.send("POST", path, JSON.stringify(body));
  const profile = JSON.parse(await post("/profiles", { first_name: "Ada", last_name: "Lovelace" })) as {
    id: number;
  };
  const grouping = {
    reference: "bench",
    profile_id: profile.id,
    items: [{ sku_customer_id: "shirts872340", quantity: 1 }],
  };
  return [
    {
      what: "order_update_request → resolution in a consumer",
      async run({ id, record }) {
        await post("/order_update_requests", [{ ...record, gift_message: "Changed" }]);
        await orderEvents.event(id, "waybill.order_update.resolved.v1");
      },
    },
    {
      what: "order_cancel_request → resolution in a consumer",
      async run({ id, record: { customer_identifier } }) {
        await post("/order_cancel_requests", [{ customer_identifier }]);
        await orderEvents.event(id, "waybill.order_cancel.resolved.v1");
      },
    },
    {
      what: "a line added over REST",
      run: ({ id }) => post(`/orders/${id}/order_line_items`, { sku_customer_id: "hats872341", amount: 3 }),
    },
    {
      what: "grouping made, order canceled → its roll-up in a consumer",
      async run({ id, record: { customer_identifier } }) {
        await post(`/orders/${id}/groupings`, grouping);
        await post("/order_cancel_requests", [{ customer_identifier }]);
        await groupingEvents.event(id, "waybill.grouping.moved.v1");
      },
    },
  ];
}

/** So many orders, once they are stored. */
async function createOrders({ api }: Stage, count: number): Promise<StoredOrder[]> {
  const records = Array.from({ length: Math.ceil(count) }, anOrder);
  const answer = JSON.parse(await api.send("POST", "/orders", JSON.stringify(records))) as {
    results: { system_id: string }[];
  };
  return records.map((record, index) => ({ id: answer.results[index]!.system_id, record }));
}
