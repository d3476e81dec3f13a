import { expect } from "vitest";

/** How MongoDB answers a query, by its explanation. */
interface Plan {
  /** Of the winning plan. */
  stages: string[];
  /** The names of the indexes that it uses. */
  indexes: string[];
  /** With "executionStats": how many documents it gives, how many documents and keys it looked at. */
  found: number;
  docs: number;
  keys: number;
}

/** What the stages of a query must not be: it reads all, or sorts what it has read. */
export const unindexed: unknown = expect.arrayContaining([expect.stringMatching(/^(COLLSCAN|SORT)$/)]);

interface Explained {
  queryPlanner: { winningPlan: object };
  executionStats?: { nReturned: number; totalDocsExamined: number; totalKeysExamined: number };
}

/** Reads the explanation of a query, or of an aggregation that begins with one. */
export function planOf(explained: object): Plan {
  const { stages } = explained as { stages?: [{ $cursor: Explained }] };
  const { queryPlanner, executionStats } = stages?.[0].$cursor ?? (explained as Explained);
  const winning = JSON.stringify(queryPlanner.winningPlan);
  const all = (pattern: RegExp) => [...new Set([...winning.matchAll(pattern)].map(([, name]) => name!))];
  return {
    stages: all(/"stage":"(\w+)"/g),
    indexes: all(/"indexName":"(\w+)"/g),
    found: executionStats?.nReturned ?? 0,
    docs: executionStats?.totalDocsExamined ?? 0,
    keys: executionStats?.totalKeysExamined ?? 0,
  };
}
