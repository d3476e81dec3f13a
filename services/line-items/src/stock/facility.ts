import { newAggregate, type AggregateDocument, type Decision } from "@waybill/events/aggregates.ts";
import { topics } from "@waybill/events/topics.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { Facility } from "@waybill/proto/line_items/v1/inventory.ts";
import type { RoutedFacility } from "./routing.ts";

/** A facility as it is stored. `_id` is the tenant and the id that the caller chose: `acme/east-1`. */
export interface FacilityDocument extends AggregateDocument, RoutedFacility {
  name: string | null;
}

export const facilitiesCollection: CollectionDeclaration = {
  name: "facilities",
  indexes: [{ name: "by_id", key: { tenant_id: 1, id: 1 }, unique: true }],
};

/** Every allocation ranks all of them. */
export const FACILITIES_MAX = 200;
const COST_RANK_DEFAULT = 100;
const LEAD_TIME_HOURS_DEFAULT = 24;

/** The `_id` of a tenant's facility. */
export function facilityKey(tenantId: string, id: string): string {
  return `${tenantId}/${id}`;
}

/** A facility before its first record. */
export function newFacility(tenantId: string, id: string, now: string): FacilityDocument {
  return {
    ...newAggregate(facilityKey(tenantId, id), tenantId, now),
    id,
    name: null,
    country_code: "",
    cost_rank: COST_RANK_DEFAULT,
    lead_time_hours: LEAD_TIME_HOURS_DEFAULT,
  };
}

/** The rule of recording a facility: full replacement, and its event. */
export function recordFacility(
  current: FacilityDocument,
  { name, country_code, cost_rank, lead_time_hours }: Facility,
): Decision<FacilityDocument> {
  const state = {
    ...current,
    name: name ?? null,
    country_code: country_code!,
    cost_rank: cost_rank ?? COST_RANK_DEFAULT,
    lead_time_hours: lead_time_hours ?? LEAD_TIME_HOURS_DEFAULT,
  };
  const type = "waybill.facility.changed.v1";
  return { state, events: [{ topic: topics.inventory, type, data: toFacility(state) }] };
}

/** The message of a stored facility. */
export function toFacility(document: FacilityDocument): Facility {
  const { id, name, country_code, cost_rank, lead_time_hours, updated_at } = document;
  return { id, name, country_code, cost_rank, lead_time_hours, updated_at };
}
