import { DomainError } from "@waybill/errors/domain-error.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { circumstances, openStore, quiet, toCandidates, wishes } from "../test/creation-store.ts";
import { createAll, rehearse, type Rehearsal } from "./create-all.ts";
import { createOnce } from "./create-once.ts";

const idOrCode = (told: Rehearsal | undefined) => (told instanceof DomainError ? told.code : told?.id);
const named = (...texts: string[]) =>
  toCandidates(
    texts.map((text) => {
      const [customerIdentifier = "", fingerprint = ""] = text.split(" ");
      return { customerIdentifier, fingerprint };
    }),
  );

test("either every candidate is there afterwards, or none of this call and each is told why", async () => {
  await fc.assert(
    fc.asyncProperty(wishes, circumstances(fc.constant(false)), async (list, around) => {
      const { creator, stored } = openStore({ ...around, uncommittable: [] });
      const candidates = toCandidates(list);
      const outcomes = await createAll(creator, candidates);
      const told = candidates.map((candidate) => outcomes.get(candidate));
      const refused = told.filter((outcome) => outcome instanceof DomainError);
      if (refused.length > 0) {
        expect(refused).toHaveLength(candidates.length);
        expect(refused.some(({ code }) => code !== "ATOMIC_ABORTED")).toBe(true);
        expect([...stored.values()].filter(({ id }) => id.startsWith("new-"))).toEqual([]);
      } else {
        const there = candidates.map(({ customerIdentifier }) => stored.get(customerIdentifier));
        expect(told.map(idOrCode)).toEqual(there.map((winner) => winner?.id));
        expect(there.map((winner) => winner?.fingerprint)).toEqual(list.map((wish) => wish.fingerprint));
      }
    }),
    { numRuns: 1_000 },
  );
});

test("all are one commit, and a refused call prepares nothing", async () => {
  const { creator, commits, prepared } = openStore({ ...quiet, unpreparable: ["red"] });
  await createAll(creator, named("A-1 blue", "A-2 red"));
  expect([commits, prepared]).toEqual([[], []]);
  await createAll(creator, named("A-1 blue", "A-2 blue", "A-1 blue"));
  expect(commits).toEqual([2]);
});

test("a repeat of a call that was stored answers the same ids", async () => {
  const { creator, commits } = openStore(quiet);
  const first = named("A-1 blue", "A-2 green");
  const answers = await createAll(creator, first);
  const again = named("A-1 blue", "A-2 green");
  const repeated = await createAll(creator, again);
  expect(again.map((one) => repeated.get(one))).toEqual(first.map((one) => answers.get(one)));
  expect(commits).toEqual([2]);
});

test("a rehearsal stores nothing and foretells what creating each for itself does", async () => {
  await fc.assert(
    fc.asyncProperty(wishes, wishes, async (list, existing) => {
      const around = { ...quiet, existing, unpreparable: ["red"] };
      const candidates = toCandidates(list);
      const { creator, stored, prepared } = openStore(around);
      const before = new Map(stored);
      const foretold = await rehearse(creator, candidates);
      expect([stored, prepared]).toEqual([before, []]);
      const outcomes = await createOnce(creator, candidates);
      const known = (told: Rehearsal | undefined) => {
        const outcome = idOrCode(told);
        return outcome?.startsWith("new-") ? null : outcome;
      };
      expect(candidates.map((one) => known(foretold.get(one)))).toEqual(
        candidates.map((one) => known(outcomes.get(one))),
      );
    }),
  );
});
