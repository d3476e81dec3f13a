/**
 * A message of a stored document: `blank` with those of its fields that the document has. Spreading the
 * document would take ten times as long, since the driver's objects are hash tables to V8; and a field that
 * only the database has never gets into the message.
 */
export function messageOf<Message extends object>(
  blank: Message,
  document: { [Name in keyof Message]?: Message[Name] | undefined },
): Message {
  const message = { ...blank };
  for (const name in blank) {
    const value = document[name];
    if (value !== undefined) message[name] = value;
  }
  return message;
}

/** A document as it was found, with the fields of `blank` that it was stored without. */
export function completed<Document extends object>(blank: object, found: Document): Document {
  for (const name in blank) if (!(name in found)) return { ...blank, ...found };
  return found;
}

/** The projection that reads these fields of a document, and its `_id`. */
export function projectionOf(names: readonly string[]): Record<string, 1> {
  return Object.fromEntries(names.map((name) => [name, 1 as const]));
}
