import { Grouping, GroupingItem } from "@waybill/proto/groupings/v1/groupings.ts";

const nothing = new Uint8Array();

/** A grouping as a caller sends it. */
export function aGrouping(reference: string, profileId: number, items: GroupingItem[] = []): Grouping {
  return { ...Grouping.decode(nothing), reference, profile_id: profileId, items };
}

/** An item as a caller sends it. */
export function anItem(quantity: number, line: Partial<GroupingItem> = {}): GroupingItem {
  return { ...GroupingItem.decode(nothing), quantity, ...line };
}
