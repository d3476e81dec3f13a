import { byRounds, type BenchContext } from "./bench.ts";
import { openDrain } from "./drained.ts";
import { closedLoop, type Sender } from "./load.ts";
import { startMonolith } from "./peers/start-monolith.ts";
import { ordersBody } from "./records.ts";
import { openStage } from "./stage.ts";

const ORDERS = 1_000;
const CALLERS = 16;
const RATIO_MIN = 0.5;

/** One order and a page of 30 read over REST, complete with their lines, beside a monolith. */
export async function reads(context: BenchContext): Promise<void> {
  await using stage = await openStage(context);
  await using monolith = await startMonolith(context.mongodbUrl);
  await using drain = await openDrain(context.kafkaBrokers, stage.mongo);
  const [ours, theirs] = await Promise.all([fill(stage.api), fill(monolith)]);
  await drain.followed();
  const { phaseMs, record } = context;
  const one = async ({ send }: Sender, ids: readonly string[]) =>
    (await closedLoop(CALLERS, phaseMs, (nth) => send("GET", `/orders/${ids[nth % ids.length]}`))).perSecond;
  const list = async ({ send }: Sender) =>
    (await closedLoop(CALLERS, phaseMs, () => send("GET", "/orders?limit=30"))).perSecond;
  await Promise.all([one(stage.api, ours), one(monolith, theirs)]);

  context.report(`GET /orders/{id}, ${CALLERS} callers, requests/s`);
  const byId = await byRounds(context, {
    monolith: () => one(monolith, theirs),
    waybill: () => one(stage.api, ours),
  });
  record({ ...asRow("GET /orders/{id}", byId), goal: { min: RATIO_MIN } });
  await Promise.all([list(stage.api), list(monolith)]);
  context.report(`GET /orders?limit=30, ${CALLERS} callers, requests/s`);
  const pages = await byRounds(context, { monolith: () => list(monolith), waybill: () => list(stage.api) });
  record({ ...asRow("GET /orders?limit=30", pages), goal: { min: RATIO_MIN } });
}

function asRow(name: string, { waybill, monolith }: Record<"waybill" | "monolith", number[]>) {
  const what = `${name}, ${CALLERS} callers`;
  return { what, unit: "/s", waybill, peer: { name: "monolith", values: monolith } } as const;
}

async function fill({ send }: Sender): Promise<string[]> {
  const answer = JSON.parse(await send("POST", "/orders", ordersBody(ORDERS))) as {
    results: { system_id: string }[];
  };
  return answer.results.map(({ system_id }) => system_id);
}
