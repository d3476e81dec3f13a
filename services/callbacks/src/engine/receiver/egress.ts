import type { Outcome } from "../../attempt.ts";

/** What was tried longer ago says nothing about now. */
const WINDOW_MS = 30_000;
/** Hosts that are remembered. */
const HOSTS_MAX = 1_000;

/** How an attempt ends that never reached its host. */
const unreached: ReadonlySet<Outcome> = new Set(["dns", "connect"]);
/** How one ends that did not come to the host's turn, or is not known. */
const silent: ReadonlySet<Outcome> = new Set(["blocked", "timeout", "unknown", "egress"]);

/**
 * Whether this process reaches anybody at all. When several hosts in a row are not reached, it is not they who
 * are down: it is the name servers, the network, or what lets traffic out. That is over when one of them is
 * reached. Pure: all times are arguments.
 */
export class Egress {
  readonly #hostsMin: number;
  /** When each host was last not reached, the oldest first, since one was reached. */
  readonly #lost = new Map<string, number>();
  #isDown = false;

  /** `hostsMin`: hosts that have to be lost, since a few may be down together. */
  constructor(hostsMin: number) {
    this.#hostsMin = hostsMin;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** Learns from an attempt; answers what ended it: `egress` if it was this side. */
  judge(host: string, outcome: Outcome, nowMs: number): Outcome {
    if (silent.has(outcome)) return outcome;
    if (!unreached.has(outcome)) {
      this.#isDown = false;
      this.#lost.clear();
      return outcome;
    }
    this.#lose(host, nowMs);
    return this.#isDown ? "egress" : outcome;
  }

  #lose(host: string, nowMs: number): void {
    this.#lost.delete(host);
    this.#lost.set(host, nowMs);
    for (const [oldest, atMs] of this.#lost) {
      if (nowMs - atMs <= WINDOW_MS && this.#lost.size <= HOSTS_MAX) break;
      this.#lost.delete(oldest);
    }
    if (this.#lost.size >= this.#hostsMin) this.#isDown = true;
  }
}
