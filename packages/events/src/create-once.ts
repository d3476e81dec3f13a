import { catalogue } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { isDown, isDuplicateKey, isWriteConflict } from "@waybill/mongo/failures.ts";

/** A record that asks to be created under the caller's own identifier. */
export interface Candidate {
  /** The id it will have. */
  id: string;
  customerIdentifier: string;
  /** Of its content as it was submitted, see `fingerprint`. */
  fingerprint: string;
}

/** What is there already under an identifier. */
export type Winner = Candidate;

/** What became of a candidate: the id under which it is there, or why it is not. */
export type Outcome = { id: string } | DomainError;

/** How candidates of one kind are found, prepared and committed. */
export interface Creator<C extends Candidate> {
  /** Those that exist with one of these identifiers. */
  findWinners: (customerIdentifiers: string[]) => Promise<Winner[]>;
  /** Does what must precede the commit; answers the candidates that fail, with their reasons. */
  prepare: (candidates: readonly C[]) => Promise<ReadonlyMap<C, DomainError>>;
  /** Commits all or none; rejects with MongoDB's error if an identifier is taken. */
  commit: (candidates: readonly C[]) => Promise<void>;
  /** Is told an error that nobody foresaw, before it becomes a failure of one record. */
  fault: (error: unknown) => void;
  /** The refusal of other content under a known identifier. */
  duplicate: (candidate: C) => DomainError;
}

const ROUNDS_MAX = 3;

/**
 * Creates each candidate once: the same identifier with the same content answers with what is there, other
 * content is refused. A unique index decides races: a group that loses one looks again and goes on without
 * those found; after three rounds record by record, so that no record suffers from its company. Rejects as a
 * whole when a dependency is down, or fails for every record: nothing is known then, and a repeat is safe.
 */
export async function createOnce<C extends Candidate>(
  creator: Creator<C>,
  candidates: readonly C[],
): Promise<Map<C, Outcome>> {
  try {
    return await createTogether(creator, candidates);
  } catch (error) {
    if (candidates.length === 1 || isDown(error)) throw error;
  }
  // What nobody foresaw may lie in one record: the others must not share it. What fails all lies in none.
  const outcomes = new Map<C, Outcome>();
  const faults: unknown[] = [];
  for (const candidate of candidates)
    outcomes.set(candidate, await createAlone(creator, candidate, (fault) => faults.push(fault)));
  if (faults.length === candidates.length) throw faults[0];
  faults.forEach(creator.fault);
  return outcomes;
}

async function createTogether<C extends Candidate>(
  creator: Creator<C>,
  candidates: readonly C[],
): Promise<Map<C, Outcome>> {
  const outcomes = new Map<C, Outcome>();
  await settleKnown(creator, candidates, outcomes);
  const fresh = candidates.filter((candidate) => !outcomes.has(candidate));
  const { firsts, repeats } = splitRepeats(fresh);
  await prepareAll(creator, firsts, outcomes);
  await commitAll(creator, firstOfEachIdentifier(firsts, outcomes), outcomes);
  const rest = firsts.filter((candidate) => !outcomes.has(candidate));
  await settleRest(creator, rest, outcomes);
  for (const [candidate, first] of repeats) outcomes.set(candidate, outcomes.get(first)!);
  return outcomes;
}

async function createAlone<C extends Candidate>(
  creator: Creator<C>,
  candidate: C,
  note: (fault: unknown) => void,
): Promise<Outcome> {
  try {
    return (await createTogether(creator, [candidate])).get(candidate)!;
  } catch (error) {
    if (isDown(error)) throw error;
    if (isRefusal(error)) return error;
    note(error);
    return new DomainError("INTERNAL", undefined, { cause: error });
  }
}

/** Whether an error says what is wrong with a record. */
function isRefusal(error: unknown): error is DomainError {
  return error instanceof DomainError && catalogue[error.code].http < 500;
}

/** Gives those whose identifier is taken their outcome: the same content is what is there, other content is refused. */
export async function settleKnown<C extends Candidate>(
  creator: Creator<C>,
  candidates: readonly C[],
  outcomes: Map<C, Outcome>,
): Promise<void> {
  if (candidates.length === 0) return;
  const identifiers = [...new Set(candidates.map(({ customerIdentifier }) => customerIdentifier))];
  const winners = new Map(
    (await creator.findWinners(identifiers)).map((winner) => [winner.customerIdentifier, winner]),
  );
  for (const candidate of candidates) {
    const winner = winners.get(candidate.customerIdentifier);
    if (winner) outcomes.set(candidate, compare(creator, candidate, winner));
  }
}

/** The first of each identifier and content, and the others beside the first that they repeat. */
export function splitRepeats<C extends Candidate>(
  candidates: readonly C[],
): { firsts: C[]; repeats: Map<C, C> } {
  const byContent = new Map<string, C>();
  const repeats = new Map<C, C>();
  for (const candidate of candidates) {
    const content = `${candidate.fingerprint} ${candidate.customerIdentifier}`;
    const first = byContent.get(content);
    if (first) repeats.set(candidate, first);
    else byContent.set(content, candidate);
  }
  return { firsts: [...byContent.values()], repeats };
}

async function prepareAll<C extends Candidate>(
  creator: Creator<C>,
  candidates: readonly C[],
  outcomes: Map<C, Outcome>,
): Promise<void> {
  if (candidates.length === 0) return;
  for (const [candidate, reason] of await creator.prepare(candidates)) outcomes.set(candidate, reason);
}

/** Those without an outcome yet, of each identifier the first. */
export function firstOfEachIdentifier<C extends Candidate>(
  candidates: readonly C[],
  outcomes: Map<C, Outcome>,
): C[] {
  const seen = new Set<string>();
  return candidates.filter((candidate) => {
    if (outcomes.has(candidate) || seen.has(candidate.customerIdentifier)) return false;
    seen.add(candidate.customerIdentifier);
    return true;
  });
}

async function commitAll<C extends Candidate>(
  creator: Creator<C>,
  candidates: readonly C[],
  outcomes: Map<C, Outcome>,
): Promise<void> {
  let open = [...candidates];
  for (let round = 1; round <= ROUNDS_MAX && open.length > 0; round += 1) {
    const refusal = await tryCommit(creator, open, outcomes);
    if (refusal === null) return;
    // A refusal that belongs to one record: the others must not share it.
    if (refusal instanceof DomainError) break;
    await settleKnown(creator, open, outcomes);
    open = open.filter((candidate) => !outcomes.has(candidate));
  }
  for (const candidate of open) await commitAlone(creator, candidate, outcomes);
}

/** Those whose identifier another candidate came first with. */
async function settleRest<C extends Candidate>(
  creator: Creator<C>,
  candidates: readonly C[],
  outcomes: Map<C, Outcome>,
): Promise<void> {
  await settleKnown(creator, candidates, outcomes);
  for (const candidate of candidates)
    if (!outcomes.has(candidate)) await commitAlone(creator, candidate, outcomes);
}

async function commitAlone<C extends Candidate>(
  creator: Creator<C>,
  candidate: C,
  outcomes: Map<C, Outcome>,
): Promise<void> {
  const refusal = await tryCommit(creator, [candidate], outcomes);
  if (refusal instanceof DomainError) outcomes.set(candidate, refusal);
  else if (refusal !== null) await settleKnown(creator, [candidate], outcomes);
  if (!outcomes.has(candidate)) outcomes.set(candidate, new DomainError("CONFLICT"));
}

/** Null if all are committed; else what stood in the way: a lost race, or a refusal of one of them. */
export async function tryCommit<C extends Candidate>(
  creator: Creator<C>,
  candidates: readonly C[],
  outcomes: Map<C, Outcome>,
): Promise<unknown> {
  try {
    await creator.commit(candidates);
    for (const candidate of candidates) outcomes.set(candidate, { id: candidate.id });
    return null;
  } catch (error) {
    if (isRefusal(error) || isDuplicateKey(error) || isWriteConflict(error)) return error;
    throw error;
  }
}

function compare<C extends Candidate>(creator: Creator<C>, candidate: C, winner: Winner): Outcome {
  return winner.fingerprint === candidate.fingerprint ? { id: winner.id } : creator.duplicate(candidate);
}
