import { expect, it } from "vitest";
import { Egress } from "./egress.ts";

it("a host that is not reached alone is to blame itself", () => {
  const egress = new Egress(3);
  for (let time = 0; time < 50; time += 1) expect(egress.judge("a", "connect", time)).toBe("connect");
  expect(egress.isDown).toBe(false);
});

it("several hosts that are not reached in a row are not: it is this side, until one is reached", () => {
  const egress = new Egress(3);
  const outcomes = ["a", "b", "c", "a"].map((host, time) => egress.judge(host, "dns", time));
  expect(outcomes).toEqual(["dns", "dns", "egress", "egress"]);
  expect(egress.judge("b", "http", 5)).toBe("http");
  expect(egress.isDown).toBe(false);
  expect(egress.judge("a", "connect", 6)).toBe("connect");
});

it("whoever is reached between them clears this side", () => {
  const egress = new Egress(3);
  for (let time = 0; time < 30; time += 3) {
    egress.judge("a", "connect", time);
    egress.judge("b", "connect", time + 1);
    egress.judge("well", "broken", time + 2);
  }
  expect(egress.judge("c", "connect", 31)).toBe("connect");
});

it("hosts that were lost more than half a minute apart are not lost together", () => {
  const egress = new Egress(3);
  const outcomes = ["a", "b", "c"].map((host, nth) => egress.judge(host, "connect", nth * 20_000));
  expect(outcomes).toEqual(["connect", "connect", "connect"]);
});

it("what tells nothing of the network changes nothing", () => {
  const egress = new Egress(2);
  egress.judge("a", "connect", 0);
  for (const outcome of ["blocked", "timeout", "unknown"] as const) egress.judge("b", outcome, 1);
  expect(egress.isDown).toBe(false);
  expect(egress.judge("b", "dns", 2)).toBe("egress");
});
