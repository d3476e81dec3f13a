import type { AggregateDocument } from "@waybill/events/aggregates.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { Sku } from "@waybill/proto/line_items/v1/skus.ts";

/** What groupings knows of a SKU: a copy that follows the SKU's events. */
export interface SkuReleaseDocument extends Pick<AggregateDocument, "tenant_id" | "updated_at"> {
  /** The SKU's id. */
  _id: string;
  /** RFC 3339, UTC; null: it is released. */
  release_at: string | null;
}

export const skuReleasesCollection: CollectionDeclaration = { name: "sku_releases", indexes: [] };

/** The release dates of SKUs by their ids; one that is missing has none. */
export type ReleaseDates = ReadonlyMap<string, string | null>;

/** What the events of an order's groupings have told of a SKU's release. */
export interface ToldRelease {
  sku_id: string;
  release_at: string | null;
  released: boolean;
}

/** The copy of a SKU. */
export function toSkuRelease(tenantId: string, { id, release_at, updated_at }: Sku): SkuReleaseDocument {
  return { _id: id!, tenant_id: tenantId, release_at: release_at ?? null, updated_at: updated_at! };
}

/** Whether a release date lies behind; no date means released. Times are RFC 3339, UTC, with milliseconds. */
export function isReleased(releaseAt: string | null, now: string): boolean {
  return releaseAt === null || releaseAt <= now;
}

/** The release of each of these SKUs as it stands. */
export function releasesAt(skuIds: readonly string[], dates: ReleaseDates, now: string): ToldRelease[] {
  return [...new Set(skuIds)].map((sku_id) => {
    const release_at = dates.get(sku_id) ?? null;
    return { sku_id, release_at, released: isReleased(release_at, now) };
  });
}

/** The next date of which something will have to be told; null if there is none. */
export function nextRelease(
  releases: readonly Pick<ToldRelease, "release_at" | "released">[],
): string | null {
  const ahead = releases.filter(({ released }) => !released).map(({ release_at }) => release_at!);
  return ahead.length === 0 ? null : ahead.reduce((first, date) => (date < first ? date : first));
}
