import { DomainError, unavailable } from "@waybill/errors/domain-error.ts";
import fc from "fast-check";
import { MongoServerError } from "mongodb";
import type { RehearsingCreator } from "../src/create-all.ts";
import type { Candidate, Winner } from "../src/create-once.ts";

/** What a caller wants to be there. */
interface Wish {
  customerIdentifier: string;
  fingerprint: string;
}

/** What goes wrong with one commit: others commit just before it, MongoDB aborts it, or does not answer. */
interface Trouble {
  rivals: Wish[];
  conflict: boolean;
  down: boolean;
}

/** What a store meets. */
export interface Circumstances {
  existing: Wish[];
  troubles: Trouble[];
  /** Contents that `prepare` and `commit` refuse, wherever they come from. */
  unpreparable: string[];
  uncommittable: string[];
}

/** Nothing goes wrong. */
export const quiet: Circumstances = { existing: [], troubles: [], unpreparable: [], uncommittable: [] };
const contents = ["red", "green", "blue", "white"];
/** Few names and contents, so that they meet. */
export const wish = fc.record<Wish>({
  customerIdentifier: fc.constantFrom("A-1", "A-2", "A-3", "A-4"),
  fingerprint: fc.constantFrom(...contents),
});
export const wishes = fc.array(wish, { maxLength: 8 });
/** Circumstances with or without an outage. */
export const circumstances = (down: fc.Arbitrary<boolean>) =>
  fc.record<Circumstances>({
    existing: fc.array(wish, { maxLength: 2 }),
    troubles: fc.array(
      fc.record<Trouble>({ rivals: fc.array(wish, { maxLength: 2 }), conflict: fc.boolean(), down }),
      { maxLength: 6 },
    ),
    unpreparable: fc.subarray(contents, { maxLength: 2 }),
    uncommittable: fc.subarray(contents, { maxLength: 2 }),
  });

/** A store with a unique index on the identifier, in circumstances that are known beforehand. */
export function openStore({ existing, troubles, unpreparable, uncommittable }: Circumstances) {
  const stored = new Map<string, Winner>();
  const prepared: Candidate[] = [];
  const commits: number[] = [];
  const insert = (winner: Winner) => {
    if (!stored.has(winner.customerIdentifier)) stored.set(winner.customerIdentifier, winner);
  };
  existing.forEach((other, index) => insert({ ...other, id: `existing-${index}` }));
  const pending = [...troubles];
  const refusalsOf = (candidates: readonly Candidate[]) => {
    const refused = candidates.filter(({ fingerprint }) => unpreparable.includes(fingerprint));
    return new Map(refused.map((candidate) => [candidate, new DomainError("SKU_NOT_FOUND")]));
  };
  const creator: RehearsingCreator<Candidate> = {
    findWinners: async (identifiers) => identifiers.flatMap((identifier) => stored.get(identifier) ?? []),
    async prepare(candidates) {
      prepared.push(...candidates);
      return refusalsOf(candidates);
    },
    rehearse: async (candidates) => refusalsOf(candidates),
    async commit(candidates) {
      const trouble = pending.shift();
      trouble?.rivals.forEach((rival, index) => insert({ ...rival, id: `rival-${pending.length}-${index}` }));
      if (trouble?.down) throw unavailable("the database does not answer");
      if (trouble?.conflict) throw writeConflict();
      if (candidates.some(({ fingerprint }) => uncommittable.includes(fingerprint))) {
        throw new DomainError("RECORD_TOO_LARGE");
      }
      const identifiers = candidates.map(({ customerIdentifier }) => customerIdentifier);
      const taken = identifiers.some((identifier) => stored.has(identifier));
      if (taken || new Set(identifiers).size < identifiers.length) throw duplicateKey();
      candidates.forEach(insert);
      commits.push(candidates.length);
    },
    fault: () => undefined,
    duplicate: () => new DomainError("DUPLICATE_ORDER"),
  };
  return { stored, prepared, commits, creator };
}

const duplicateKey = () => new MongoServerError({ message: "E11000 duplicate key error", code: 11_000 });
const writeConflict = () =>
  new MongoServerError({ message: "WriteConflict", code: 112, errorLabels: ["TransientTransactionError"] });

/** The candidates that one attempt makes of wishes. */
export const toCandidates = (list: Wish[], attempt = "new") =>
  list.map((item, index): Candidate => ({ ...item, id: `${attempt}-${index}` }));
