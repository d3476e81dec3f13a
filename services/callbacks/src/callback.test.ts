import { DomainError } from "@waybill/errors/domain-error.ts";
import { describe, expect, it } from "vitest";
import { CALLBACKS_MAX, planRegistrations, toCallback, type CallbackCandidate } from "./callback.ts";

const registering = {
  tenantId: "t1",
  heldTypes: new Set(["orderCancelResolution"]),
  seal: (text: string, owner: string) => `${owner}:${text}`,
  now: "now",
};

function candidate(id: string, change: Partial<CallbackCandidate> = {}): CallbackCandidate {
  const fields = { message_type: "orderEvent", api_version: "1.0", secret: `s-${id}`, token: null };
  const added = { headers: {}, rate_per_second: null };
  return { _id: id, url: "https://example.com/a", ...fields, ...added, ...change };
}
const stored = (id: string, change: Partial<CallbackCandidate> = {}) =>
  planRegistrations([], [candidate(id, change)], registering).inserted[0]!;

describe("registering", () => {
  it("makes a registration with its secret sealed under its id", () => {
    const plan = planRegistrations([], [candidate("c1", { token: "t" })], registering);
    expect(plan.outcomes).toEqual([{ id: "c1", isNew: true }]);
    expect(plan.inserted).toMatchObject([
      { secret: "c1:s-c1", token: "c1:t", status: "active", tenant_id: "t1" },
    ]);
  });

  it("the same url and type again keeps registration and secret", () => {
    const plan = planRegistrations([stored("c1")], [candidate("c2")], registering);
    expect(plan).toEqual({ inserted: [], changed: [], outcomes: [{ id: "c1", isNew: false }] });
  });

  it("with another token replaces the token", () => {
    const plan = planRegistrations(
      [stored("c1", { token: "old" })],
      [candidate("c2", { token: "new" })],
      registering,
    );
    expect(plan.changed).toMatchObject([{ _id: "c1", token: "c1:new" }]);
  });

  it("tells the same twice in one batch apart from another url or type", () => {
    const batch = [
      candidate("c1"),
      candidate("c2"),
      candidate("c3", { url: "https://example.com/b" }),
      candidate("c4", { message_type: "orderUpdateResolution" }),
    ];
    const { outcomes } = planRegistrations([], batch, registering);
    expect(outcomes.map((outcome) => (outcome instanceof DomainError ? null : outcome.id))).toEqual([
      "c1",
      "c1",
      "c3",
      "c4",
    ]);
  });

  it("adds up what several records of one batch say of the same registration, new or not", () => {
    const batch = [
      candidate("c2", { token: "t" }),
      candidate("c3", { rate_per_second: 5 }),
      candidate("c4", { headers: { "x-a": "b" } }),
    ];
    const sum = { token: "c1:t", rate_per_second: 5, headers: 'c1:{"x-a":"b"}' };
    const plan = planRegistrations([stored("c1")], batch, registering);
    expect(plan.inserted).toEqual([]);
    expect(plan.changed).toEqual([{ ...stored("c1"), ...sum }]);
    const anew = planRegistrations([], [candidate("c1"), ...batch], registering);
    expect(anew.inserted).toEqual([{ ...stored("c1"), ...sum }]);
    expect(anew.changed).toEqual([]);
  });

  it(`refuses the ${CALLBACKS_MAX + 1}st, and still knows the others`, () => {
    const many = Array.from({ length: CALLBACKS_MAX + 1 }, (_, n) =>
      candidate(`c${n}`, { url: `https://example.com/${n}` }),
    );
    const plan = planRegistrations([], [...many, many[0]!], registering);
    expect(plan.inserted).toHaveLength(CALLBACKS_MAX);
    expect(plan.outcomes[CALLBACKS_MAX]).toBeInstanceOf(DomainError);
    expect(plan.outcomes[CALLBACKS_MAX + 1]).toEqual({ id: "c0", isNew: false });
  });
});

it("a registration is shown without secret and token", () => {
  const shown = toCallback(stored("c1", { token: "hidden" }));
  expect(shown).toMatchObject({ id: "c1", has_token: true, status: "active" });
  expect(JSON.stringify(shown)).not.toMatch(/hidden|s-c1/);
});
