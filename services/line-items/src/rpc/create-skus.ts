import { insertAggregates } from "@waybill/events/aggregates.ts";
import { createOnce, type Candidate, type Creator } from "@waybill/events/create-once.ts";
import { fingerprint } from "@waybill/events/fingerprint.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { errorFacts } from "@waybill/process/log.ts";
import type { RecordResult } from "@waybill/proto/batch/v1/batch.ts";
import type { CreateSkusRequest, CreateSkusResponse, Sku } from "@waybill/proto/line_items/v1/skus.ts";
import { batchResponse, recordFailed, recordSuccess } from "@waybill/rpc/batch.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { createSku } from "../sku.ts";
import { findSkuWinners } from "../sku-store.ts";

interface SkuCandidate extends Candidate {
  record: Sku;
}

export async function createSkus(
  context: LineItemsContext,
  { skus }: CreateSkusRequest,
  call: Call,
): Promise<CreateSkusResponse> {
  const candidates = skus.map((record, index) => (call.failures.has(index) ? null : toCandidate(record)));
  const valid = candidates.filter((candidate) => candidate !== null);
  const outcomes = await createOnce(skuCreator(context, call), valid);
  const results = skus.map((record, index): RecordResult => {
    const candidate = candidates[index];
    const outcome = candidate ? outcomes.get(candidate)! : call.failures.get(index)!;
    const name = record.customer_identifier ?? null;
    return outcome instanceof DomainError
      ? recordFailed(index, name, outcome)
      : recordSuccess(index, outcome.id, name);
  });
  return batchResponse(results);
}

function toCandidate(record: Sku): SkuCandidate {
  return {
    id: newId(),
    customerIdentifier: record.customer_identifier!,
    fingerprint: fingerprint(record),
    record,
  };
}

function skuCreator(context: LineItemsContext, { tenantId, traceparent }: Call): Creator<SkuCandidate> {
  return {
    findWinners: (identifiers) => findSkuWinners(context, tenantId, identifiers),
    prepare: async () => new Map(),
    async commit(candidates) {
      const now = new Date().toISOString();
      const creations = candidates.map(({ id, fingerprint: mark, record }) => ({
        ...createSku(record, { id, tenantId, fingerprint: mark, now }),
        traceparent,
      }));
      await insertAggregates(context.skus, creations);
    },
    fault: (error) => context.log.error({ tenant_id: tenantId, ...errorFacts(error) }, "skus.create_fault"),
    duplicate: () => new DomainError("DUPLICATE_SKU"),
  };
}
