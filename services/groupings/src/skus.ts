import { isDuplicateKey } from "@waybill/mongo/failures.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { GroupingsContext } from "./context.ts";
import { toSkuRelease, type ReleaseDates, type SkuReleaseDocument } from "./release.ts";
import { findReleaseDates } from "./store.ts";

/** SKUs of one call to line-items. */
const SKUS_MAX = 30;

/** The release dates of these SKUs; one that is not known here yet is asked for. */
export async function releaseDatesOf(
  context: GroupingsContext,
  skuIds: readonly string[],
  call: CallOptions,
): Promise<ReleaseDates> {
  const wanted = [...new Set(skuIds)];
  const known = await findReleaseDates(context, call.tenantId, wanted);
  const unknown = wanted.filter((id) => !known.has(id));
  return unknown.length === 0 ? known : new Map([...known, ...(await askForDates(context, unknown, call))]);
}

/** The release dates of these SKUs as line-items has them now, which are known here then. */
export async function askForDates(
  context: GroupingsContext,
  skuIds: readonly string[],
  call: CallOptions,
): Promise<ReleaseDates> {
  for (let at = 0; at < skuIds.length; at += SKUS_MAX) {
    const request = { id: skuIds.slice(at, at + SKUS_MAX), cid: [], limit: SKUS_MAX };
    const { data } = await context.skus.listSkus(request, call);
    await Promise.all(data.map((sku) => saveSkuRelease(context, toSkuRelease(call.tenantId, sku))));
  }
  return findReleaseDates(context, call.tenantId, skuIds);
}

/** Stores what is known of a SKU, unless something newer is. */
export async function saveSkuRelease(
  { skuReleases }: Pick<GroupingsContext, "skuReleases">,
  { _id, ...fields }: SkuReleaseDocument,
): Promise<void> {
  try {
    const older = { _id, updated_at: { $lt: fields.updated_at } };
    await skuReleases.updateOne(older, { $set: fields }, { upsert: true });
  } catch (error) {
    // The upsert found no older one, and a newer or the same one has its id.
    if (!isDuplicateKey(error)) throw error;
  }
}
