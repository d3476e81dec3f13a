import { setTimeout as delay } from "node:timers/promises";
import type { FaultSystem } from "./system.ts";

/** What can be killed. */
type Victim = "orders" | "line-items" | "groupings" | "gateway" | "callbacks" | "mongodb" | "kafka";

// The last kill leaves the system time to come back within the chaos.
const CALM_MS = 5_000;
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MORE = 4_000;

/** Kills one process after another with -9; answers how many. */
export async function killRandomly(
  faults: FaultSystem,
  victims: readonly Victim[],
  random: () => number,
  until: number,
): Promise<number> {
  let kills = 0;
  while (Date.now() < until - CALM_MS) {
    await delay(PAUSE_MS_MIN + random() * PAUSE_MS_MORE);
    await kill(faults, victims[Math.floor(random() * victims.length)]!);
    kills += 1;
  }
  return kills;
}

async function kill({ system }: FaultSystem, victim: Victim): Promise<void> {
  if (victim !== "mongodb" && victim !== "kafka") return system.services[victim].kill();
  const engine = system[victim];
  if (!engine.owned) throw new Error(`${victim} is not ours to kill: unset its setting`);
  await engine.kill();
}
