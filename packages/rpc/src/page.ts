/** How many elements a page has where the request does not say. */
const LIMIT_DEFAULT = 30;

/** Which part of a list is meant. */
interface PageBounds {
  /** How many elements at most. */
  limit: number;
  /** How many to pass over. */
  offset: number;
}

/** A page of a list, with what its answer says of it. */
export interface Page<Element> extends PageBounds {
  elements: Element[];
  /** The last of the elements if the list goes on after it, for `next_cursor`; else null. */
  last: Element | null;
}

type PageRequest = { [Name in keyof PageBounds]?: PageBounds[Name] | null | undefined };

/** The page that a request asks for. */
export function pageBounds({ limit, offset }: PageRequest): PageBounds {
  return { limit: limit ?? LIMIT_DEFAULT, offset: offset ?? 0 };
}

/** Reads the page that a request asks for; `list` reads the elements within bounds, in the list's order. */
export async function readPage<Element>(
  request: PageRequest,
  list: (bounds: PageBounds) => Promise<Element[]>,
): Promise<Page<Element>> {
  const { limit, offset } = pageBounds(request);
  // One more than asked for tells whether the list goes on.
  const found = await list({ limit: limit + 1, offset });
  const elements = found.slice(0, limit);
  return { limit, offset, elements, last: found.length > limit ? elements.at(-1)! : null };
}
