/** What every page has. */
interface Page<Element> {
  data: Element[];
  /** Where the next page begins; null on the last. */
  next_cursor: string | number | null;
}

/**
 * A list that comes in pages. Awaited it is the first page; iterated it is every element, page after page,
 * each fetched when it is needed. Nothing is sent before one of both.
 */
export class Paged<Answer extends Page<Element>, Element>
  implements PromiseLike<Answer>, AsyncIterable<Element>
{
  readonly #fetch: (cursor: string | number | null) => Promise<Answer>;

  /** `fetch` gets the page at a cursor; null is the first. */
  constructor(fetch: (cursor: string | number | null) => Promise<Answer>) {
    this.#fetch = fetch;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- awaiting the list for its first page is what it is for
  then<Result = Answer, Failure = never>(
    onfulfilled?: ((page: Answer) => Result | PromiseLike<Result>) | null,
    onrejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    return this.#fetch(null).then(onfulfilled, onrejected);
  }

  /** Every page, the first one too. */
  async *pages(): AsyncGenerator<Answer, void> {
    let cursor: string | number | null = null;
    do {
      const page: Answer = await this.#fetch(cursor);
      yield page;
      cursor = page.next_cursor;
    } while (cursor !== null);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Element, void> {
    for await (const { data } of this.pages()) yield* data;
  }
}
