import { Grouping, GroupingItem } from "@waybill/proto/groupings/v1/groupings.ts";
import { sumsOf, type StoredGrouping, type StoredItem } from "./grouping.ts";
import type { ProfileDocument } from "./profile.ts";
import { isReleased, nextRelease, type ReleaseDates } from "./release.ts";

/** What a view of groupings shows besides what is stored in them. */
export interface ViewFacts {
  /** By their ids. */
  profiles: ReadonlyMap<number, ProfileDocument>;
  dates: ReleaseDates;
  /** RFC 3339, UTC. */
  now: string;
}

const empty = new Uint8Array();
// Fields that documents from before they existed do not have.
const blankGrouping = Grouping.decode(empty);
const blankItem = GroupingItem.decode(empty);

/** The message of a stored grouping. */
export function toGrouping(stored: StoredGrouping, facts: ViewFacts): Grouping {
  const profile = facts.profiles.get(stored.profile_id);
  const items = stored.items.map((item) => toGroupingItem(item, facts));
  const releases = items.map(({ release_at, is_released }) => ({
    release_at: release_at ?? null,
    released: is_released!,
  }));
  return {
    ...blankGrouping,
    ...stored,
    ...sumsOf(stored),
    items,
    first_name: profile?.first_name ?? null,
    last_name: profile?.last_name ?? null,
    full_name: profile?.full_name ?? null,
    has_prerelease: releases.some(({ released }) => !released),
    has_released: releases.some(({ released }) => released),
    release_at: nextRelease(releases),
  };
}

/** The message of a stored item. */
export function toGroupingItem(stored: StoredItem, { dates, now }: ViewFacts): GroupingItem {
  const release_at = dates.get(stored.sku_id!) ?? null;
  const is_released = isReleased(release_at, now);
  return { ...blankItem, ...stored, release_at, is_released, is_prerelease: !is_released };
}
