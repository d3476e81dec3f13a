import { DomainError } from "@waybill/errors/domain-error.ts";

/** Those who watch orders in this process; each occupies a connection to the database. */
export class Watchers {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes one more in, until it is disposed of. Refuses with TOO_MANY_REQUESTS. */
  enter(): Disposable {
    if (this.#count >= this.#max) {
      const detail = `${this.#max} already watch orders at this instance`;
      throw new DomainError("TOO_MANY_REQUESTS", detail, { retryAfterMs: 1_000 });
    }
    this.#count += 1;
    return { [Symbol.dispose]: () => void (this.#count -= 1) };
  }
}
