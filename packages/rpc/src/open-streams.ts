import { DomainError } from "@waybill/errors/domain-error.ts";
import { STREAM_MS_MAX, STREAMS_MAX } from "./limits.ts";

/** The streams that a server has open. */
export class OpenStreams {
  readonly #streams = new Set<AbortController>();

  /**
   * Takes one more in, which is aborted with STREAM_ENDED after STREAM_MS_MAX; disposing takes it out.
   * Refuses with TOO_MANY_REQUESTS above STREAMS_MAX.
   */
  add(stream: AbortController): Disposable {
    if (this.#streams.size >= STREAMS_MAX) {
      const detail = `the service has ${STREAMS_MAX} streams open`;
      throw new DomainError("TOO_MANY_REQUESTS", detail, { retryAfterMs: 1_000 });
    }
    const timer = setTimeout(() => stream.abort(new DomainError("STREAM_ENDED")), STREAM_MS_MAX);
    this.#streams.add(stream);
    return {
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        this.#streams.delete(stream);
      },
    };
  }

  /** Ends every stream with STREAM_ENDED. */
  endAll(): void {
    for (const stream of this.#streams) stream.abort(new DomainError("STREAM_ENDED", "the service stops"));
  }
}
