import type { AggregateDocument, Decision } from "@waybill/events/aggregates.ts";
import { topics } from "@waybill/events/topics.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { Profile } from "@waybill/proto/groupings/v1/profiles.ts";

/** A profile as it is stored: the message, whose integer `id` is unique per tenant, under a UUID. */
export interface ProfileDocument extends Omit<Profile, "updated_at">, AggregateDocument {
  id: number;
}

export const profilesCollection: CollectionDeclaration = {
  name: "profiles",
  indexes: [{ name: "by_id", key: { tenant_id: 1, id: 1 }, unique: true }],
};

// Fields that documents from before they existed do not have.
const blank = Profile.decode(new Uint8Array());

/** The rule of creating a profile. */
export function createProfile(
  start: AggregateDocument,
  id: number,
  record: Profile,
): Decision<ProfileDocument> {
  const state: ProfileDocument = {
    ...record,
    ...start,
    id,
    full_name: `${record.first_name} ${record.last_name}`.trim(),
    created_at: start.updated_at,
  };
  return {
    state,
    events: [{ topic: topics.groupings, type: "waybill.profile.created.v1", data: toProfile(state) }],
  };
}

/** The message of a stored profile. */
export function toProfile(document: ProfileDocument): Profile {
  const { _id, tenant_id, version, sequence, ...fields } = document;
  return { ...blank, ...fields };
}
