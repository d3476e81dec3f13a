import { type DomainError, invalidAt } from "@waybill/errors/domain-error.ts";

/** The longest cursor, in characters: the `max_size` of every request's `cursor`. */
const CURSOR_SIZE_MAX = 2_000;

/** What a sort key is: a text, or a whole number. */
type KeyType = "string" | "integer";
type Keys<Types extends readonly KeyType[]> = {
  -readonly [Index in keyof Types]: Types[Index] extends "string" ? string : number;
};

/** How the pages of one list are continued. */
interface Cursors<Types extends readonly KeyType[]> {
  /** The `next_cursor` of a page: the sort keys of its last element. */
  encode: (keys: Readonly<Keys<Types>>) => string;
  /**
   * The sort keys after which a page begins; null for the first page. Refuses with INVALID_REQUEST, at the
   * field, what is no cursor of this list.
   */
  decode: (cursor: string | null | undefined) => Keys<Types> | null;
}

/**
 * The cursors of a list that is sorted by keys of these types. `list` names the list, its order and the
 * version of its keys, such as `orders/updated_at/1`, so that no other list's cursor is taken for one of its
 * own. A cursor holds sort keys and nothing else: whoever makes one up gets a page of what is theirs. `field`
 * is what it is called in the request.
 */
export function cursorsOf<const Types extends readonly KeyType[]>(
  list: string,
  types: Types,
  field = "cursor",
): Cursors<Types> {
  return {
    encode: (keys) => Buffer.from(JSON.stringify([list, ...keys])).toString("base64url"),
    decode: (cursor) => {
      if (cursor === null || cursor === undefined) return null;
      const [name, ...keys] = parse(cursor) ?? [];
      if (name !== list || !fit(keys, types)) throw badCursor(field);
      return keys as Keys<Types>;
    },
  };
}

function parse(cursor: string): unknown[] | null {
  if (cursor.length > CURSOR_SIZE_MAX) return null;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function fit(keys: readonly unknown[], types: readonly KeyType[]): boolean {
  return (
    keys.length === types.length &&
    types.every((type, at) =>
      type === "integer" ? Number.isSafeInteger(keys[at]) : typeof keys[at] === "string",
    )
  );
}

function badCursor(field: string): DomainError {
  const detail = "must be one that an answer of this list gave, in this order";
  return invalidAt(`/${field}`, "BAD_FORMAT", detail);
}
