import { setTimeout as delay } from "node:timers/promises";
import type { BenchContext } from "./bench.ts";
import { openDrain } from "./drained.ts";
import { closedLoop } from "./load.ts";
import { ordersBody } from "./records.ts";
import { openStage } from "./stage.ts";
import { cpuOf, cpuSince, memoryOf, pidsOf } from "./usage.ts";

const MEMORY_MB_MAX = 150;
const IDLE_MS = 3_000;
const SAMPLE_MS = 200;
const LOADS = [
  { name: "singles, 64 callers", callers: 64, size: 1 },
  { name: "batches of 100, 4 callers", callers: 4, size: 100 },
] as const;

/** What each process takes: memory idle and at its peak under creates, and CPU per order. */
export async function footprint(context: BenchContext): Promise<void> {
  const { report, record, rounds, phaseMs } = context;
  if (process.platform !== "linux") return report("only Linux tells what its processes take: left out");
  await using stage = await openStage(context);
  await using drain = await openDrain(context.kafkaBrokers, stage.mongo);
  const pids = pidsOf(stage);
  await delay(IDLE_MS);
  const idle = memoryOf(pids);
  const peaks = new Map(idle);
  const create = (size: number) => () => stage.api.send("POST", "/orders", ordersBody(size));
  report("warming up");
  // What code costs before it is compiled would be most of a short load.
  for (const { callers, size } of LOADS) await closedLoop(callers, phaseMs, create(size));
  await drain.followed();
  const cpu: { load: string; perOrder: Map<string, number> }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, callers, size } of LOADS) {
      report(`  round ${round + 1} of ${rounds}: ${name}`);
      const before = cpuOf(pids);
      const sampling = setInterval(() => keepHigher(peaks, memoryOf(pids)), SAMPLE_MS);
      const { latencies } = await closedLoop(callers, phaseMs, create(size));
      await drain.followed();
      clearInterval(sampling);
      const orders = latencies.length * size;
      const spent = [...cpuSince(pids, before)].map(([of, ms]) => [of, (ms * 1_000) / orders] as const);
      cpu.push({ load: name, perOrder: new Map(spent) });
    }
  }
  for (const [of, mb] of idle) record({ what: `memory of ${of}, idle`, unit: "MB", waybill: [mb] });
  for (const [of, mb] of peaks) {
    const goal = stage.system.services[of as "orders"] ? { goal: { max: MEMORY_MB_MAX } } : {};
    record({ what: `memory of ${of}, at most under creates`, unit: "MB", waybill: [mb], ...goal });
  }
  for (const { name } of LOADS) {
    const runs = cpu.filter(({ load }) => load === name);
    for (const of of pids.keys()) {
      const waybill = runs.map(({ perOrder }) => perOrder.get(of)!);
      record({ what: `CPU of ${of} per order, ${name}`, unit: "µs", waybill });
    }
  }
}

function keepHigher(peaks: Map<string, number>, now: ReadonlyMap<string, number>): void {
  for (const [name, value] of now) peaks.set(name, Math.max(value, peaks.get(name)!));
}
