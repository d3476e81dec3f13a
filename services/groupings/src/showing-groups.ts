import type { OrderGroup } from "@waybill/proto/groupings/v1/order_groups.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { GroupingsContext } from "./context.ts";
import type { OrderGroupDocument } from "./order-group.ts";
import { toOrderGroup } from "./order-group-view.ts";
import { findStandings } from "./replacing.ts";

/** The messages of groups with their orders as they stand, which the orders service is asked for in one call. */
export async function showGroups(
  context: GroupingsContext,
  documents: readonly OrderGroupDocument[],
  call: CallOptions,
): Promise<OrderGroup[]> {
  const orderIds = documents.flatMap(({ members }) => members.map(({ order_id }) => order_id));
  const standings = await findStandings(context, orderIds, call);
  return documents.map((document) => toOrderGroup(document, standings));
}
