/** Something that a consumer tells of itself, for a log. */
export interface ConsumerReport {
  level: "info" | "warn" | "error";
  /**
   * `joined`: it has partitions. `interrupted`: it joins anew. `retry`: events come again. `waiting`, and later
   * `resumed`: a dependency is down. `dead_lettered`: a message was given up. `not_committed`: an offset will be
   * told again.
   */
  what: "joined" | "interrupted" | "retry" | "waiting" | "resumed" | "dead_lettered" | "not_committed";
  /** Ids and numbers: never what an event holds. */
  facts: Record<string, unknown>;
  /** Why, if something went wrong. */
  error?: unknown;
}

/** Gets them. */
export type Report = (report: ConsumerReport) => void;
