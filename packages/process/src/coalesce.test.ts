import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { coalesced, type GroupLimits } from "./coalesce.ts";

interface Group {
  tenant: string;
  submissions: readonly Items[];
  items: Items;
  resolve: (results: Items[]) => void;
  reject: (error: Error) => void;
}

const actions = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("submit" as const),
      tenant: fc.constantFrom("acme", "beta"),
      size: fc.integer({ min: 1, max: 6 }),
    }),
    fc.record({ kind: fc.constant("settle" as const), pick: fc.nat(), fails: fc.boolean() }),
  ),
  { maxLength: 40, size: "max" },
);
type Items = readonly string[];

const limitsOf = fc.record<GroupLimits>({
  inFlightMax: fc.integer({ min: 1, max: 3 }),
  groupMax: fc.integer({ min: 1, max: 8 }),
  waitingMax: fc.constant(1_000),
});

type Action = typeof actions extends fc.Arbitrary<(infer One)[]> ? One : never;

/** Coalesced work whose groups end when the test says so. */
function open(limits: GroupLimits) {
  const inFlight: Group[] = [];
  const started: Group[] = [];
  const work = (tenant: string, submissions: readonly Items[]) =>
    new Promise<Items[]>((resolve, reject) => {
      const group = { tenant, submissions, items: submissions.flat(), resolve, reject };
      inFlight.push(group);
      started.push(group);
    });
  const isCommon = () => true;
  const settle = (pick: number, fails = false) => {
    const [group] = inFlight.splice(pick % inFlight.length, 1);
    if (fails) group!.reject(new Error("failed", { cause: group!.items }));
    else group!.resolve(group!.submissions.map((items) => items.map((item) => `${item} done`)));
  };
  const shared = coalesced({ work, isCommon, weightOf: (items: Items) => items.length }, limits);
  return { ...shared, inFlight, started, settle };
}

/** Runs the actions, one per turn of the event loop; answers what each submission got. */
async function play(
  list: readonly Action[],
  limits: GroupLimits,
  check: (groups: ReturnType<typeof open>) => void,
) {
  const groups = open(limits);
  const submissions: { tenant: string; items: string[]; got: Promise<Items | Error> }[] = [];
  for (const action of list) {
    if (action.kind === "submit") {
      const items = Array.from(
        { length: action.size },
        (_, index) => `${action.tenant} ${submissions.length}.${index}`,
      );
      const got = groups.submit(action.tenant, items).catch((error: Error) => error);
      submissions.push({ tenant: action.tenant, items, got });
    } else if (groups.inFlight.length > 0) {
      groups.settle(action.pick, action.fails);
    }
    await turn();
    check(groups);
  }
  while (groups.inFlight.length > 0) {
    groups.settle(0);
    await turn();
    check(groups);
  }
  return { groups, submissions };
}

const always = (check: (list: Action[], limits: GroupLimits) => Promise<void>) =>
  fc.assert(fc.asyncProperty(actions, limitsOf, check));

test("each submission gets the results of its own items in their order, or its own group's failure", async () => {
  await always(async (list, limits) => {
    const { submissions } = await play(list, limits, () => undefined);
    for (const { items, got } of submissions) {
      const outcome = await got;
      const told =
        outcome instanceof Error ? (outcome.cause as string[]) : outcome.map((one) => one.slice(0, -5));
      expect(told.filter((item) => items.includes(item) || !(outcome instanceof Error))).toEqual(items);
    }
  });
});

test("every item is committed once, in the order of its tenant's submissions", async () => {
  await always(async (list, limits) => {
    const { groups, submissions } = await play(list, limits, () => undefined);
    for (const tenant of ["acme", "beta"]) {
      const committed = groups.started
        .filter((group) => group.tenant === tenant)
        .flatMap(({ items }) => items);
      expect(committed).toEqual(
        submissions.filter((one) => one.tenant === tenant).flatMap(({ items }) => items),
      );
    }
  });
});

test("a group is not above its limit, unless it is one larger submission", async () => {
  await always(async (list, limits) => {
    const { groups, submissions } = await play(list, limits, () => undefined);
    const whole = submissions.map(({ items }) => items.join());
    const tooLarge = groups.started.filter(
      ({ items }) => items.length > limits.groupMax && !whole.includes(items.join()),
    );
    expect(tooLarge).toEqual([]);
  });
});

test("of a tenant never more than its groups are in flight, and no fewer while it waits, whatever others do", async () => {
  await always(async (list, limits) => {
    const submitted = { acme: 0, beta: 0 };
    const step = [...list];
    await play(list, limits, ({ inFlight, started }) => {
      const action = step.shift();
      if (action?.kind === "submit") submitted[action.tenant as "acme" | "beta"] += action.size;
      for (const tenant of ["acme", "beta"] as const) {
        const flying = inFlight.filter((group) => group.tenant === tenant).length;
        const begun = started.filter((group) => group.tenant === tenant).flatMap(({ items }) => items).length;
        expect(flying).toBeLessThanOrEqual(limits.inFlightMax);
        expect(begun === submitted[tenant] || flying === limits.inFlightMax).toBe(true);
      }
    });
  });
});

const narrow = { inFlightMax: 1, groupMax: 2, waitingMax: 3 };

test("a lone submission starts in the same turn of the event loop, without any timer", async () => {
  const { submit, inFlight, settle } = open(narrow);
  const got = submit("acme", ["a"]);
  await turn();
  expect(inFlight).toHaveLength(1);
  settle(0);
  expect(await got).toEqual(["a done"]);
});

test("submissions of one turn share a group, and what comes while it is in flight shares the next", async () => {
  const { submit, started, settle } = open({ ...narrow, groupMax: 10, waitingMax: 10 });
  const all = ["a", "b"].map((item) => submit("acme", [item]));
  await turn();
  all.push(...["c", "d", "e"].map((item) => submit("acme", [item])));
  await turn();
  expect(started.map(({ items }) => items)).toEqual([["a", "b"]]);
  settle(0);
  await turn();
  expect(started.map(({ items }) => items)).toEqual([
    ["a", "b"],
    ["c", "d", "e"],
  ]);
  settle(0);
  expect((await Promise.all(all)).flat()).toEqual(["a done", "b done", "c done", "d done", "e done"]);
});

test("what would wait beyond the limit gets TOO_MANY_REQUESTS with a time, and nobody else does", async () => {
  const { submit, started, inFlight, settle } = open(narrow);
  const first = submit("acme", ["a"]);
  await turn();
  const waiting = [submit("acme", ["b", "c"]), submit("acme", ["d"])];
  const refused = await submit("acme", ["e"]).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "TOO_MANY_REQUESTS", retryAfterMs: 1_000 });
  const other = submit("beta", ["x"]);
  await turn();
  while (inFlight.length > 0) {
    settle(0);
    await turn();
  }
  expect((await Promise.all([first, ...waiting, other])).flat()).toHaveLength(5);
  expect(started.flatMap(({ items }) => items).includes("e")).toBe(false);
});

test("a submission larger than every limit passes when nothing waits", async () => {
  const { submit, inFlight, settle } = open(narrow);
  const got = submit("acme", ["a", "b", "c", "d", "e"]);
  await turn();
  expect(inFlight[0]?.items).toHaveLength(5);
  settle(0);
  expect(await got).toHaveLength(5);
});

test("work that throws before it waits rejects its members, and the next group goes on", async () => {
  const work = (_: string, items: Items) => {
    if (items.includes("bad")) throw new Error("at once");
    return Promise.resolve(items);
  };
  const { submit } = coalesced({ work, isCommon: () => true }, narrow);
  await expect(submit("acme", "bad")).rejects.toThrow("at once");
  expect(await submit("acme", "good")).toBe("good");
});

test("after a failure that may be one item's own halves are worked on, after a common one nothing is", async () => {
  const groups: string[] = [];
  const work = async (_: string, items: Items) => {
    groups.push(items.join(""));
    for (const bad of ["bad", "down"]) if (items.includes(bad)) throw new Error(bad);
    return items;
  };
  const isCommon = (error: unknown) => (error as Error).message === "down";
  const { submit } = coalesced({ work, isCommon }, { ...narrow, groupMax: 10, waitingMax: 10 });
  const own = await Promise.allSettled(["a", "bad", "b"].map((item) => submit("acme", item)));
  expect(own.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  const common = await Promise.allSettled(["c", "down"].map((item) => submit("acme", item)));
  expect(common.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(groups).toEqual(["abadb", "abad", "a", "bad", "b", "cdown"]);
});

test("a group is in the context of none of its callers", async () => {
  const context = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const work = async (_: string, items: Items) => {
    seen.push(context.getStore());
    return items;
  };
  const { submit } = coalesced({ work, isCommon: () => true }, narrow);
  await context.run("a transaction", () => submit("acme", "a"));
  expect(seen).toEqual([undefined]);
});
