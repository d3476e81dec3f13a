import type { CreateCollectionOptions, Db, IndexDescription } from "mongodb";
import { MongoServerError } from "mongodb";

/** A collection and its indexes, declared beside the type of its documents. */
export interface CollectionDeclaration {
  name: string;
  /** Each with a name; what is not declared is not touched. */
  indexes: readonly (IndexDescription & { name: string })[];
  options?: CreateCollectionOptions;
}

const NAMESPACE_EXISTS = 48;

/**
 * Makes the declared collections and indexes that are missing. Called before a service is ready, since
 * neither may be made inside a transaction. Two processes may do it at once.
 */
export async function ensureCollections(
  db: Db,
  declarations: readonly CollectionDeclaration[],
): Promise<void> {
  await Promise.all(declarations.map((declaration) => ensureCollection(db, declaration)));
}

async function ensureCollection(db: Db, { name, indexes, options }: CollectionDeclaration): Promise<void> {
  try {
    await db.createCollection(name, options);
  } catch (error) {
    if (!(error instanceof MongoServerError && error.code === NAMESPACE_EXISTS)) throw error;
    if (options?.capped) await ensureCapped(db, name, options);
  }
  if (indexes.length > 0) await db.collection(name).createIndexes([...indexes]);
}

/** One that was dropped while somebody wrote to it is there again without its bound. */
async function ensureCapped(db: Db, name: string, { size }: CreateCollectionOptions): Promise<void> {
  const isCapped = await db.collection(name).isCapped();
  if (!isCapped) await db.command({ convertToCapped: name, size });
}
