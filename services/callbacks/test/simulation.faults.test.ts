import { describe, expect, it } from "vitest";
import { Simulation } from "./simulation.ts";
import type { Weather } from "./simulated-world.ts";

const calm: Weather = {
  deaths: false,
  moves: false,
  outages: false,
  blind: false,
  cutOff: false,
  rush: false,
  deletes: false,
};

/** Of seeds that run in half a minute on a busy machine. */
const timeout = 90_000;

// Each seed is forty seconds of events, kills, moves, outages and pauses, and then as long as it takes.
describe("in a simulated world nothing is lost, doubled in time, sent out of order or forgotten, and limits hold", () => {
  it.each<[string, number, Weather]>([
    ["when only wakes and the times of retries find what is due", 500, { ...calm, blind: true }],
    ["while the database fails", 400, { ...calm, outages: true }],
    ["while registrations move between instances", 400, { ...calm, moves: true, outages: true }],
    ["while nobody can be reached", 200, { ...calm, cutOff: true }],
    ["while registrations are deleted", 300, { ...calm, deletes: true, moves: true, outages: true }],
    ["while there is more to send than places", 200, { ...calm, rush: true, moves: true, outages: true }],
    [
      "while there is more to send than places, and registrations are deleted, and processes die",
      300,
      { ...calm, rush: true, deletes: true, deaths: true, moves: true, outages: true },
    ],
    ["while processes die and stand still", 700, { ...calm, deaths: true, moves: true, outages: true }],
  ])("%s (%i seeds)", { timeout }, async (_, seeds, weather) => {
    let born = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const simulation = new Simulation(seed, weather);
      expect(await simulation.run(), `seed ${seed}`).toEqual([]);
      born += simulation.born;
    }
    // Most of it went the short way, unless there was no room for it.
    expect(born).toBeGreaterThan(weather.rush ? seeds : seeds * 5);
  });

  it(
    "and while nobody can be reached a run costs a dozen attempts at most, on average",
    { timeout },
    async () => {
      const seeds = 100;
      let lost = 0;
      for (let seed = 1; seed <= seeds; seed += 1) {
        const simulation = new Simulation(seed, { ...calm, cutOff: true });
        await simulation.run();
        lost += simulation.lost;
      }
      // Without telling whose failure it is it costs 22.
      expect(lost).toBeLessThan(seeds * 12);
    },
  );
});
