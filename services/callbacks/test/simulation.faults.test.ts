import { describe, expect, it } from "vitest";
import { Simulation } from "./simulation.ts";
import type { Weather } from "./simulated-world.ts";

const calm: Weather = { deaths: false, moves: false, outages: false, blind: false };

/** Of seeds that run in half a minute on a busy machine. */
const timeout = 90_000;

// Each seed is forty seconds of events, kills, moves, outages and pauses, and then as long as it takes.
describe("in a simulated world nothing is lost, doubled in time, sent out of order or forgotten, and limits hold", () => {
  it.each<[string, number, Weather]>([
    ["when only wakes and the times of retries find what is due", 500, { ...calm, blind: true }],
    ["while the database fails", 400, { ...calm, outages: true }],
    ["while registrations move between instances", 400, { ...calm, moves: true, outages: true }],
    ["while processes die and stand still", 700, { deaths: true, moves: true, outages: true, blind: false }],
  ])("%s (%i seeds)", { timeout }, async (_, seeds, weather) => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const violations = await new Simulation(seed, weather).run();
      expect(violations, `seed ${seed}`).toEqual([]);
    }
  });
});
