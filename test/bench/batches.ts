import { byRounds, type BenchContext } from "./bench.ts";
import { openDrain, type Drain } from "./drained.ts";
import { closedLoop } from "./load.ts";
import { rawInsert } from "./peers/raw-insert.ts";
import { ordersBody } from "./records.ts";
import { releaseRelays, skipBacklog, stopRelays } from "./relays.ts";
import { openStage, type Stage } from "./stage.ts";

const SIZES = [
  { size: 100, callers: 4 },
  { size: 1_000, callers: 2 },
] as const;
const ATTACHED_MIN = 0.35;
const OFF_MIN = 0.5;

/** Orders created in batches, beside what the driver alone inserts of the same documents. */
export async function batches(context: BenchContext): Promise<void> {
  await using stage = await openStage(context);
  await using drain = await openDrain(context.kafkaBrokers, stage.mongo);
  const model = await aStoredOrder(stage);
  const raw = await rawInsert(stage.mongo, model, false);
  const indexed = await rawInsert(stage.mongo, model, true);
  const { phaseMs, record } = context;
  const insert = (work: typeof raw, size: number, callers: number) => async () =>
    size * (await closedLoop(callers, phaseMs, () => work(size))).perSecond;
  const create = (size: number, callers: number) => async () =>
    size *
    (await closedLoop(callers, phaseMs, () => stage.api.send("POST", "/orders", ordersBody(size)))).perSecond;
  await create(100, 4)();
  for (const { size, callers } of SIZES) {
    context.report(`batches of ${size}, ${callers} callers, relay and consumers attached`);
    const values = await byRounds(context, {
      raw: insert(raw, size, callers),
      indexed: insert(indexed, size, callers),
      attached: async () => {
        const rate = await create(size, callers)();
        await drain.followed();
        return rate;
      },
      sustained: () => sustained(stage, drain, { size, callers, phaseMs }),
    });
    const what = `orders created in batches of ${size}`;
    const peer = { name: "raw insertMany", values: values.raw };
    const goal = size === 100 ? { goal: { min: ATTACHED_MIN } } : {};
    record({
      what: `${what}, relay and 2 services attached`,
      unit: "/s",
      waybill: values.attached,
      peer,
      ...goal,
    });
    record({ what: `${what}, until both services have all`, unit: "/s", waybill: values.sustained, peer });
    const withIndexes = { name: "raw insertMany with Waybill's indexes", values: values.indexed };
    record({
      what: `${what}, relay and 2 services attached`,
      unit: "/s",
      waybill: values.attached,
      peer: withIndexes,
    });
  }
  await stopRelays(stage.mongo);
  for (const { size, callers } of SIZES) {
    context.report(`batches of ${size}, ${callers} callers, relay off`);
    const values = await byRounds(context, { raw: insert(raw, size, callers), off: create(size, callers) });
    const goal = size === 100 ? { goal: { min: OFF_MIN } } : {};
    const peer = { name: "raw insertMany", values: values.raw };
    record({
      what: `orders created in batches of ${size}, relay off`,
      unit: "/s",
      waybill: values.off,
      peer,
      ...goal,
    });
  }
  await skipBacklog(stage.mongo);
  await releaseRelays(stage.mongo);
}

/** The id of an order, once its event is on its way. */
async function aStoredOrder({ api }: Stage): Promise<string> {
  const answer = JSON.parse(await api.send("POST", "/orders", ordersBody(1))) as {
    results: { system_id: string }[];
  };
  return answer.results[0]!.system_id;
}

interface Batches {
  size: number;
  callers: number;
  phaseMs: number;
}

/** Orders per second from the first request until every service that follows orders has handled the last. */
async function sustained({ api }: Stage, drain: Drain, { size, callers, phaseMs }: Batches): Promise<number> {
  const beganMs = performance.now();
  const { latencies } = await closedLoop(callers, phaseMs, () =>
    api.send("POST", "/orders", ordersBody(size)),
  );
  await drain.followed();
  return (latencies.length * size * 1_000) / (performance.now() - beganMs);
}
