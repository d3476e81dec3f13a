import { setTimeout as delay } from "node:timers/promises";
import type { FaultSystem } from "./system.ts";

/** What can be killed. */
type Victim = "orders" | "line-items" | "groupings" | "gateway" | "callbacks" | "mongodb" | "kafka";

// The last kill leaves the system time to come back within the chaos.
const CALM_MS = 5_000;
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MORE = 3_000;

/**
 * Kills one process after another with -9 until shortly before `until`, and until each of the victims was killed;
 * none is killed again before all others were. Answers how many kills that took.
 */
export async function killRandomly(
  faults: FaultSystem,
  victims: readonly Victim[],
  random: () => number,
  until: number,
): Promise<number> {
  let kills = 0;
  for (let round: Victim[] = []; kills < victims.length || Date.now() < until - CALM_MS; kills += 1) {
    await delay(PAUSE_MS_MIN + random() * PAUSE_MS_MORE);
    if (round.length === 0) round = shuffled(victims, random);
    await kill(faults, round.pop()!);
  }
  return kills;
}

/** From now on: answers, whenever it is asked, the names of all processes that have died. */
export function watchDeaths({ system }: FaultSystem): () => string[] {
  const services = Object.values(system.services).map((service) => ({ service, starts: service.starts() }));
  const engines = new Set<string>();
  for (const name of ["mongodb", "kafka"] as const) {
    const engine = system[name];
    if (engine.owned) engine.onExit(() => engines.add(name));
  }
  return () => {
    const restarted = services.filter(({ service, starts }) => service.starts() > starts);
    return [...engines, ...restarted.map(({ service }) => service.name)].toSorted();
  };
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

async function kill({ system }: FaultSystem, victim: Victim): Promise<void> {
  if (victim !== "mongodb" && victim !== "kafka") return system.services[victim].kill();
  const engine = system[victim];
  if (!engine.owned) throw new Error(`${victim} is not ours to kill: unset its setting`);
  await engine.kill();
}
