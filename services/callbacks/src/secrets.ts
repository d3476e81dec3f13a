import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SIGNING_SECRET_BYTES = 32;
/** Says how the rest is read, so that another way can follow. */
const FORM = "v1";

/** The key's length. */
export const SECRETS_KEY_BYTES = 32;

/** Keeps texts so that the database alone does not tell them. */
export interface Vault {
  /** The text encrypted; it opens only under the same `owner`. */
  seal: (text: string, owner: string) => string;
  /** What `seal` got. Throws if the key or the owner is another, or the text was changed. */
  open: (sealed: string, owner: string) => string;
}

/** A vault with this key, by AES-256-GCM. */
export function createVault(key: Buffer): Vault {
  return {
    seal(text, owner) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(owner));
      const bytes = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return `${FORM}.${Buffer.concat([iv, cipher.getAuthTag(), bytes]).toString("base64")}`;
    },
    open(sealed, owner) {
      const bytes = Buffer.from(sealed.slice(FORM.length + 1), "base64");
      const text = bytes.subarray(IV_BYTES + TAG_BYTES);
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES))
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(text), decipher.final()]).toString("utf8");
    },
  };
}

/** A new signing secret in the form of Standard Webhooks. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(SIGNING_SECRET_BYTES).toString("base64")}`;
}
