import { DomainError } from "@waybill/errors/domain-error.ts";
import {
  firstOfEachIdentifier,
  settleKnown,
  splitRepeats,
  tryCommit,
  type Candidate,
  type Creator,
  type Outcome,
} from "./create-once.ts";

/** A creator that can also try things out. */
export interface RehearsingCreator<C extends Candidate> extends Creator<C> {
  /** What `prepare` would answer; stores nothing. */
  rehearse: (candidates: readonly C[]) => Promise<ReadonlyMap<C, DomainError>>;
}

/** What would become of a candidate: the id under which it is there, null if it would be new, or why not. */
export type Rehearsal = { id: string | null } | DomainError;

/** What can be said before anything is stored. */
interface Plan<C> {
  /** Of those that are there already or are refused. */
  outcomes: Map<C, Outcome>;
  /** Those that can be created. */
  chosen: C[];
  /** The others, each beside the earlier one that it repeats. */
  repeats: Map<C, C>;
}

const ROUNDS_MAX = 3;

/** Answers what `createOnce` would do with each candidate, and stores nothing. */
export async function rehearse<C extends Candidate>(
  creator: RehearsingCreator<C>,
  candidates: readonly C[],
): Promise<Map<C, Rehearsal>> {
  const { outcomes, chosen, repeats } = await plan(creator, candidates);
  const rehearsals = new Map<C, Rehearsal>(outcomes);
  for (const candidate of chosen) rehearsals.set(candidate, { id: null });
  for (const [candidate, first] of repeats) rehearsals.set(candidate, rehearsals.get(first)!);
  return rehearsals;
}

/**
 * Creates all candidates in one transaction, or none if one of them is refused: then the others are
 * `ATOMIC_ABORTED`. What is there already with the same content counts as created. A plan comes first, so
 * that a refused call prepares nothing. Rejects as a whole when a dependency is down, as `createOnce` does.
 */
export async function createAll<C extends Candidate>(
  creator: RehearsingCreator<C>,
  candidates: readonly C[],
): Promise<Map<C, Outcome>> {
  const { outcomes, chosen, repeats } = await plan(creator, candidates);
  if (!anyRefused(outcomes)) await createChosen(creator, chosen, outcomes);
  for (const [candidate, first] of repeats) {
    const outcome = outcomes.get(first);
    if (outcome) outcomes.set(candidate, outcome);
  }
  return anyRefused(outcomes) ? abortOthers(candidates, outcomes) : outcomes;
}

async function plan<C extends Candidate>(
  creator: RehearsingCreator<C>,
  candidates: readonly C[],
): Promise<Plan<C>> {
  const outcomes = new Map<C, Outcome>();
  await settleKnown(creator, candidates, outcomes);
  const { firsts, repeats } = splitRepeats(candidates.filter((candidate) => !outcomes.has(candidate)));
  if (firsts.length > 0) addAll(outcomes, await creator.rehearse(firsts));
  const chosen = firstOfEachIdentifier(firsts, outcomes);
  const first = new Set(chosen);
  for (const candidate of firsts) {
    if (!outcomes.has(candidate) && !first.has(candidate))
      outcomes.set(candidate, creator.duplicate(candidate));
  }
  return { outcomes, chosen, repeats };
}

async function createChosen<C extends Candidate>(
  creator: RehearsingCreator<C>,
  chosen: readonly C[],
  outcomes: Map<C, Outcome>,
): Promise<void> {
  if (chosen.length === 0) return;
  addAll(outcomes, await creator.prepare(chosen));
  let open = chosen;
  for (let round = 1; round <= ROUNDS_MAX && open.length > 0 && !anyRefused(outcomes); round += 1) {
    const refusal = await tryCommit(creator, open, outcomes);
    if (refusal instanceof DomainError) throw refusal;
    // Somebody else was first with one of them.
    if (refusal !== null) await settleKnown(creator, open, outcomes);
    open = open.filter((candidate) => !outcomes.has(candidate));
  }
  if (!anyRefused(outcomes))
    for (const candidate of open) outcomes.set(candidate, new DomainError("CONFLICT"));
}

function addAll<C>(outcomes: Map<C, Outcome>, refusals: ReadonlyMap<C, DomainError>): void {
  for (const [candidate, refusal] of refusals) outcomes.set(candidate, refusal);
}

function anyRefused(outcomes: ReadonlyMap<unknown, Outcome>): boolean {
  return [...outcomes.values()].some((outcome) => outcome instanceof DomainError);
}

/** Those that are not refused themselves share the fate of those that are. */
function abortOthers<C>(candidates: readonly C[], outcomes: ReadonlyMap<C, Outcome>): Map<C, Outcome> {
  const aborted = new DomainError("ATOMIC_ABORTED");
  return new Map(
    candidates.map((candidate) => {
      const outcome = outcomes.get(candidate);
      return [candidate, outcome instanceof DomainError ? outcome : aborted];
    }),
  );
}
