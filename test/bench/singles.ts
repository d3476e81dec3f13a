import { byRounds, type BenchContext } from "./bench.ts";
import { openDrain } from "./drained.ts";
import { closedLoop, openLoop, percentile, type Sender } from "./load.ts";
import { startMonolith } from "./peers/start-monolith.ts";
import { ordersBody } from "./records.ts";
import { openStage } from "./stage.ts";

const CONCURRENCY = 64;
const THROUGHPUT_MIN = 1.5;
const LATENCY_MAX = 3;
const OPEN_RATE = 200;

/** Orders created one at a time, beside a monolith. */
export async function singles(context: BenchContext): Promise<void> {
  await using stage = await openStage(context);
  await using monolith = await startMonolith(context.mongodbUrl);
  await using drain = await openDrain(context.kafkaBrokers, stage.mongo);
  const { phaseMs, record } = context;
  const create =
    ({ send }: Sender) =>
    () =>
      send("POST", "/orders", ordersBody(1));
  const rate = async (to: Sender) => (await closedLoop(CONCURRENCY, phaseMs, create(to))).perSecond;
  const alone = async (to: Sender) => percentile((await closedLoop(1, phaseMs, create(to))).latencies, 0.5);
  const open = async (to: Sender) => (await openLoop(OPEN_RATE, phaseMs, create(to))).latencies;
  await Promise.all([rate(stage.api), rate(monolith)]);
  await drain.followed();

  context.report(`${CONCURRENCY} callers, relay and consumers attached`);
  const many = await byRounds(context, {
    monolith: () => rate(monolith),
    waybill: async () => {
      const perSecond = await rate(stage.api);
      await drain.followed();
      return perSecond;
    },
  });
  record({
    what: `single creates, ${CONCURRENCY} callers, relay and 2 services attached`,
    unit: "/s",
    waybill: many.waybill,
    peer: { name: "monolith", values: many.monolith },
    goal: { min: THROUGHPUT_MIN },
  });

  context.report("one caller: the median in ms");
  const one = await byRounds(context, { monolith: () => alone(monolith), waybill: () => alone(stage.api) });
  record({
    what: "single creates, one caller, p50",
    unit: "ms",
    waybill: one.waybill,
    peer: { name: "monolith", values: one.monolith },
    goal: { max: LATENCY_MAX },
  });

  context.report(`${OPEN_RATE} a second, open loop: the 99th percentile in ms`);
  const medians = { waybill: [] as number[], monolith: [] as number[] };
  const note = async (name: keyof typeof medians, to: Sender) => {
    const latencies = await open(to);
    medians[name].push(percentile(latencies, 0.5));
    return percentile(latencies, 0.99);
  };
  const tails = await byRounds(context, {
    monolith: () => note("monolith", monolith),
    waybill: () => note("waybill", stage.api),
  });
  const what = `single creates, ${OPEN_RATE}/s open loop`;
  const beside = (values: readonly number[]) => ({ name: "monolith", values });
  record({ what: `${what}, p50`, unit: "ms", waybill: medians.waybill, peer: beside(medians.monolith) });
  record({ what: `${what}, p99`, unit: "ms", waybill: tails.waybill, peer: beside(tails.monolith) });
}
