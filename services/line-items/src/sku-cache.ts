import type { SkuNames } from "./line.ts";
import type { SkuDocument } from "./sku.ts";

/**
 * The SKUs that lines named lately, so that their documents need not be read and decoded for every order. What
 * a cache says may be over: whoever uses it asks the database for the versions, which an index answers alone.
 * So a SKU is never sold after its retirement was acknowledged, by whichever process.
 */
export interface SkuCache {
  /** The SKU that a line names, as it was when it was put in; undefined if it is not in it. */
  find: (tenantId: string, names: SkuNames) => SkuDocument | undefined;
  put: (skus: readonly SkuDocument[]) => void;
  drop: (skus: readonly SkuDocument[]) => void;
}

/** A cache of the `size` SKUs that were named last: one takes about a kilobyte. */
export function createSkuCache(size: number): SkuCache {
  const byId = new Map<string, SkuDocument>();
  const ids = new Map<string, string>();
  const drop = (sku: SkuDocument) => {
    byId.delete(sku._id);
    ids.delete(nameKey(sku.tenant_id, sku.customer_identifier));
  };
  return {
    find(tenantId, { sku_id, sku_customer_id }) {
      const id = sku_id ?? (sku_customer_id ? ids.get(nameKey(tenantId, sku_customer_id)) : undefined);
      const sku = id ? byId.get(id) : undefined;
      if (sku?.tenant_id !== tenantId) return undefined;
      if (sku_customer_id && sku.customer_identifier !== sku_customer_id) return undefined;
      // The last in the map is the one that was named last.
      byId.delete(sku._id);
      byId.set(sku._id, sku);
      return sku;
    },
    put(skus) {
      for (const sku of skus) {
        const before = byId.get(sku._id);
        if (before) drop(before);
        byId.set(sku._id, sku);
        ids.set(nameKey(sku.tenant_id, sku.customer_identifier), sku._id);
        if (byId.size > size) drop(byId.values().next().value!);
      }
    },
    drop: (skus) => skus.forEach(drop),
  };
}

function nameKey(tenantId: string, customerIdentifier: string): string {
  return `${tenantId}/${customerIdentifier}`;
}
