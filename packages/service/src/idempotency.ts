import { createHash } from "node:crypto";
import { holdsSecret } from "@waybill/contract/descriptors.ts";
import { methodAt } from "@waybill/contract/methods.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { fingerprint } from "@waybill/events/fingerprint.ts";
import { inCallTransaction } from "@waybill/mongo/call-transaction.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { isDuplicateKey } from "@waybill/mongo/failures.ts";
import { newId } from "@waybill/mongo/ids.ts";
import type { Idempotency, KeptMethod, KeyedCall } from "@waybill/rpc/idempotency.ts";
import { Binary, type Collection, type Db, type MongoClient } from "mongodb";

/** Keeps texts so that the database alone does not tell them; each opens only for its owner. */
export interface Vault {
  seal: (text: string, owner: string) => string;
  open: (sealed: string, owner: string) => string;
}

/** A call with an idempotency key: a claim while it is in work, afterwards its answer. */
interface KeptCall {
  /** `<tenant> <method> <SHA-256 of the key>`. */
  _id: string;
  tenant_id: string;
  /** Of the request, see `fingerprint`. */
  request: string;
  /** Who has the claim: only this attempt can store the answer. */
  attempt: string;
  /** When its caller has given up on it: from then on another attempt may take the claim over. */
  in_work_until: Date;
  /** The response message's bytes, sealed in Base64 if it holds a secret; null while in work. */
  answer: Binary | string | null;
  expires_at: Date;
}

/** Calls with an idempotency key, for KEPT_MS. */
export const keptCallsCollection: CollectionDeclaration = {
  name: "kept_calls",
  indexes: [{ name: "expiry", key: { expires_at: 1 }, expireAfterSeconds: 0 }],
};

/** How long an answer is kept. */
export const KEPT_MS = 24 * 60 * 60 * 1_000;
/** Below what a document of MongoDB can hold. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** How often a claim may slip away between two looks at it. */
const CLAIM_TRIES_MAX = 5;
const IN_USE_RETRY_MS = 1_000;

/**
 * Answers to calls with an idempotency key, in the service's own database (the IETF's Idempotency-Key header,
 * draft 07). The claim, what the call writes and its answer are one transaction: after a crash before its
 * commit nothing of the call is there, and the repeat runs it; after the commit the repeat gets its answer.
 * A claim that was left by a crash is taken over once its caller's deadline has passed; should the first
 * attempt be alive after all, its commit fails, for the claim is not its own any more. A refusal has
 * changed nothing and is not kept.
 */
export function createIdempotency(
  { client, db }: { client: MongoClient; db: Db },
  vault?: Vault,
): Idempotency {
  const calls: Collection<KeptCall> = db.collection(keptCallsCollection.name);
  return {
    keep(method) {
      const codec = answerCodec(method, vault);
      return async (call, answer) => {
        const claim = await claimCall(calls, toClaim(method, call));
        if (claim.answer !== null) return { response: codec.decode(claim.answer, claim._id), isReplay: true };
        try {
          const response = await inCallTransaction(client, answer, async (answered, session) => {
            const kept = { answer: codec.encode(answered, claim._id), expires_at: expiry() };
            const own = { _id: claim._id, attempt: claim.attempt };
            const { matchedCount } = await calls.updateOne(own, { $set: kept }, { session });
            if (matchedCount === 0) throw inUse();
          });
          return { response, isReplay: false };
        } catch (error) {
          // Should this fail too, the claim is taken over when its time has passed.
          await calls
            .deleteOne({ _id: claim._id, attempt: claim.attempt, answer: null })
            .catch(() => undefined);
          throw error;
        }
      };
    },
  };
}

function toClaim({ path }: KeptMethod, { tenantId, key, request, deadline }: KeyedCall): KeptCall {
  const keyHash = createHash("sha256").update(key).digest("base64url");
  return {
    _id: `${tenantId} ${path} ${keyHash}`,
    tenant_id: tenantId,
    request: fingerprint(request as object),
    attempt: newId(),
    in_work_until: new Date(deadline),
    answer: null,
    expires_at: expiry(),
  };
}

/** Claims the call for this attempt, or answers the call that has an answer already. */
async function claimCall(calls: Collection<KeptCall>, claim: KeptCall): Promise<KeptCall> {
  for (let tries = 0; tries < CLAIM_TRIES_MAX; tries += 1) {
    if (await tryInsert(calls, claim)) return claim;
    const existing = await calls.findOne({ _id: claim._id });
    // Null: refused or expired between the two.
    if (existing === null) continue;
    if (existing.request !== claim.request) throw new DomainError("IDEMPOTENCY_KEY_REUSED");
    if (existing.answer !== null) return existing;
    if (existing.in_work_until.getTime() > Date.now()) throw inUse();
    const { attempt, in_work_until } = claim;
    const left = { _id: claim._id, attempt: existing.attempt, answer: null };
    const { modifiedCount } = await calls.updateOne(left, { $set: { attempt, in_work_until } });
    if (modifiedCount === 1) return claim;
  }
  throw inUse();
}

async function tryInsert(calls: Collection<KeptCall>, claim: KeptCall): Promise<boolean> {
  try {
    await calls.insertOne(claim);
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

interface AnswerCodec {
  encode: (response: unknown, owner: string) => Binary | string;
  decode: (answer: Binary | string, owner: string) => unknown;
}

function answerCodec(
  { path, responseSerialize, responseDeserialize }: KeptMethod,
  vault: Vault | undefined,
): AnswerCodec {
  const isSecret = holdsSecret(methodAt(path).output);
  if (isSecret && !vault) throw new Error(`${path} answers with a secret: the service needs a vault`);
  return {
    encode(response, owner) {
      const bytes = responseSerialize(response);
      if (bytes.length > ANSWER_BYTES_MAX)
        throw new DomainError(
          "BODY_TOO_LARGE",
          "the answer is too large to be kept under an Idempotency-Key",
        );
      return isSecret ? vault!.seal(bytes.toString("base64"), owner) : new Binary(bytes);
    },
    decode(answer, owner) {
      const bytes =
        typeof answer === "string"
          ? Buffer.from(vault!.open(answer, owner), "base64")
          : Buffer.from(answer.buffer);
      return responseDeserialize(bytes);
    },
  };
}

function inUse(): DomainError {
  return new DomainError("IDEMPOTENCY_KEY_IN_USE", undefined, { retryAfterMs: IN_USE_RETRY_MS });
}

function expiry(): Date {
  return new Date(Date.now() + KEPT_MS);
}
