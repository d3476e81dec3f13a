import type { AggregateDocument, Decision } from "@waybill/events/aggregates.ts";
import type { NewEvent } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { messageOf } from "@waybill/mongo/stored.ts";
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

const FULL_NAME_MAX = 255;

/** The rule of creating a profile. */
export function createProfile(
  start: AggregateDocument,
  id: number,
  record: Profile,
): Decision<ProfileDocument> {
  const state = { ...record, ...start, id, full_name: fullName(record), created_at: start.updated_at };
  return { state, events: [told("waybill.profile.created.v1", state)] };
}

/** The rule of giving a profile other names; the same ones change nothing. */
export function renameProfile(
  profile: ProfileDocument,
  { first_name, last_name }: Profile,
): Decision<ProfileDocument> {
  if (profile.first_name === first_name && profile.last_name === last_name)
    return { state: profile, events: [] };
  const state = { ...profile, first_name, last_name, full_name: fullName({ first_name, last_name }) };
  return { state, events: [told("waybill.profile.updated.v1", state)] };
}

function fullName({ first_name, last_name }: Pick<Profile, "first_name" | "last_name">): string {
  return Array.from(`${first_name} ${last_name}`.trim()).slice(0, FULL_NAME_MAX).join("");
}

function told(type: string, state: ProfileDocument): NewEvent {
  return { topic: topics.groupings, type, data: toProfile(state) };
}

/** The message of a stored profile. */
export function toProfile(document: ProfileDocument): Profile {
  return messageOf<Profile>(blank, document);
}
