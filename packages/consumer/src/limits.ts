/** What bounds a consumer. */
export interface ConsumerLimits {
  /** Events of one call of `handle`. */
  events: number;
  /** Bytes of the values of one call of `handle`; a larger event comes alone. */
  bytes: number;
  /** Partitions that one member works on at the same time. */
  partitions: number;
  /** Tries of a batch, before its events are tried one by one, once each. */
  attempts: number;
  /** The wait before the second try; it doubles with each. */
  retryMs: number;
  /** The longest wait between two tries, while a dependency is down. */
  retryMsMax: number;
  /** A member whose call of `handle` takes longer gives up its partitions, and joins anew. */
  handleMs: number;
  /**
   * Without a sign of life from Kafka for this long a consumer is unhealthy, and joins anew. Longer than a
   * join can take, which may wait for a dead member's session and a busy member's call: 21 s.
   */
  silentMs: number;
  /** What the batch in work may take to finish when the consumer is disposed. */
  stopMs: number;
}

export const defaultLimits: ConsumerLimits = {
  events: 500,
  bytes: 4 * 1024 * 1024,
  partitions: 4,
  attempts: 3,
  retryMs: 200,
  retryMsMax: 2_000,
  handleMs: 60_000,
  silentMs: 30_000,
  stopMs: 7_000,
};
