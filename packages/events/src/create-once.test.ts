import { DomainError } from "@waybill/errors/domain-error.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  circumstances,
  openStore,
  quiet,
  toCandidates,
  wish,
  wishes,
  type Circumstances,
} from "../test/creation-store.ts";
import { createOnce, type Candidate, type Creator, type Outcome, type Winner } from "./create-once.ts";

async function createAll(creator: Creator<Candidate>, candidates: Candidate[]) {
  const outcomes = await createOnce(creator, candidates);
  return candidates.map((candidate) => ({ candidate, told: outcomes.get(candidate) }));
}

const idOrCode = ({ told }: { told: Outcome | undefined }) =>
  told instanceof DomainError ? told.code : told?.id;

/** Whether what was told is what is stored. */
function isTrue(
  around: Circumstances,
  winner: Winner | undefined,
  candidate: Candidate,
  told: Outcome | undefined,
) {
  const { fingerprint } = candidate;
  if (told === undefined) return false;
  if (!(told instanceof DomainError)) return winner?.id === told.id && winner.fingerprint === fingerprint;
  if (told.code === "DUPLICATE_ORDER") return winner !== undefined && winner.fingerprint !== fingerprint;
  if (told.code === "SKU_NOT_FOUND") return around.unpreparable.includes(fingerprint);
  if (told.code === "RECORD_TOO_LARGE") return around.uncommittable.includes(fingerprint);
  return told.code === "CONFLICT" && around.troubles.some(({ conflict }) => conflict);
}

test("every candidate gets an outcome, the outcome is true, and whatever was committed was told", async () => {
  await fc.assert(
    fc.asyncProperty(wishes, circumstances(fc.constant(false)), async (list, around) => {
      const { creator, stored } = openStore(around);
      const outcomes = await createAll(creator, toCandidates(list));
      for (const { candidate, told } of outcomes) {
        expect(isTrue(around, stored.get(candidate.customerIdentifier), candidate, told)).toBe(true);
      }
      const committed = [...stored.values()].map(({ id }) => id).filter((id) => id.startsWith("new-"));
      expect(outcomes.map(idOrCode)).toEqual(expect.arrayContaining(committed));
    }),
    { numRuns: 1_000 },
  );
});

test("the same content gets the same id, other content is a duplicate of the first", async () => {
  const { creator } = openStore({ ...quiet, existing: [{ customerIdentifier: "A-2", fingerprint: "red" }] });
  const list = ["A-1 red", "A-1 red", "A-1 blue", "A-2 red", "A-2 blue"].map((text) => text.split(" "));
  const candidates = toCandidates(
    list.map(([name, mark]) => ({ customerIdentifier: name!, fingerprint: mark! })),
  );
  const told = (await createAll(creator, candidates)).map(idOrCode);
  expect(told).toEqual(["new-0", "new-0", "DUPLICATE_ORDER", "existing-0", "DUPLICATE_ORDER"]);
});

test("a refused record never changes the outcome of its neighbors", async () => {
  await fc.assert(
    fc.asyncProperty(wishes, fc.array(wish, { maxLength: 2 }), async (list, existing) => {
      const around = { ...quiet, existing, unpreparable: ["red"], uncommittable: ["green"] };
      const candidates = toCandidates(list);
      const good = candidates.filter(({ fingerprint }) => !["red", "green"].includes(fingerprint));
      const together = await createOnce(openStore(around).creator, candidates);
      const without = await createOnce(openStore(around).creator, good);
      expect(good.map((candidate) => together.get(candidate))).toEqual(
        good.map((candidate) => without.get(candidate)),
      );
    }),
  );
});

test("a lost race and a repeat with other content cost one more commit, not one for each record", async () => {
  const list = Array.from({ length: 100 }, (_, index) => ({
    customerIdentifier: `A-${index}`,
    fingerprint: "red",
  }));
  const trouble = { rivals: [list[7]!], conflict: false, down: false };
  const { creator, commits } = openStore({ ...quiet, troubles: [trouble] });
  await createOnce(creator, toCandidates([...list, { ...list[0]!, fingerprint: "blue" }]));
  expect(commits).toEqual([99]);
});

test("what is there already is not prepared again, and a repeat within a batch is prepared once", async () => {
  const known = { customerIdentifier: "A-1", fingerprint: "red" };
  const fresh = { customerIdentifier: "A-2", fingerprint: "red" };
  const { creator, prepared } = openStore({ ...quiet, existing: [known] });
  await createOnce(creator, toCandidates([known, fresh, fresh]));
  expect(prepared.map(({ id }) => id)).toEqual(["new-1"]);
});

test("while a dependency is down the whole is rejected; a repeat finds what was committed", async () => {
  await fc.assert(
    fc.asyncProperty(wishes, circumstances(fc.boolean()), async (list, around) => {
      const { creator, stored } = openStore(around);
      const failures: string[] = [];
      for (;;) {
        const repeat = createAll(creator, toCandidates(list, `attempt-${failures.length}`));
        const outcomes = await repeat.catch((error: DomainError) => void failures.push(error.code));
        if (outcomes === undefined) continue;
        for (const { candidate, told } of outcomes) {
          expect(isTrue(around, stored.get(candidate.customerIdentifier), candidate, told)).toBe(true);
        }
        break;
      }
      expect(failures.filter((code) => code !== "DEPENDENCY_UNAVAILABLE")).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test.each(["findWinners", "prepare", "commit"] as const)(
  "an unforeseen error of %s rejects the whole",
  async (step) => {
    const { creator } = openStore(quiet);
    const failing = { ...creator, [step]: () => Promise.reject(new TypeError("unforeseen")) };
    const candidates = toCandidates([{ customerIdentifier: "A-1", fingerprint: "red" }]);
    await expect(createOnce(failing, candidates)).rejects.toThrow("unforeseen");
  },
);

const several = ["A-1", "A-2", "A-3"].map((customerIdentifier) => ({
  customerIdentifier,
  fingerprint: "red",
}));

test.each(["prepare", "commit"] as const)(
  "an error that nobody foresaw and that %s has with every record rejects the whole: none is told a failure",
  async (step) => {
    const { creator } = openStore(quiet);
    for (const error of [new TypeError("unforeseen"), new DomainError("INTERNAL")]) {
      const failing = { ...creator, [step]: () => Promise.reject(error) };
      await expect(createOnce(failing, toCandidates(several))).rejects.toBe(error);
    }
  },
);

test("an error that nobody foresaw and that lies in one record is that record's failure alone", async () => {
  const { creator } = openStore(quiet);
  const candidates = toCandidates(several);
  const faults: unknown[] = [];
  const failing: Creator<Candidate> = {
    ...creator,
    prepare: (some) =>
      some.includes(candidates[1]!) ? Promise.reject(new TypeError("unforeseen")) : creator.prepare(some),
    fault: (error) => void faults.push(error),
  };
  const told = (await createAll(failing, candidates)).map(idOrCode);
  expect(told).toEqual(["new-0", "INTERNAL", "new-2"]);
  expect(faults).toMatchObject([{ message: "unforeseen" }]);
});
