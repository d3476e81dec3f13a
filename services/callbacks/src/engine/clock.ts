/** The time as the engine sees it: the process' own, or that of a simulation. */
export interface Clock {
  /** Milliseconds since some moment; only grows. */
  now: () => number;
  /** Milliseconds since the epoch, for what is stored and signed. */
  wallMs: () => number;
  /** Calls `ring` once, in `ms`; answers what takes that back. */
  after: (ms: number, ring: () => void) => () => void;
}

/** The process' own. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  after: (ms, ring) => {
    const timer = setTimeout(ring, ms);
    return () => clearTimeout(timer);
  },
};
