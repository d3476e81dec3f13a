import { unavailable, DomainError } from "@waybill/errors/domain-error.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { OrdersContext } from "./context.ts";
import type { OrderDocument } from "./order.ts";

/** The lines of an open order, closed to changes. */
interface SealedLines {
  lines: LineItem[];
  /** Called by the rule that takes the order out of `open`: throws if these may no longer be its lines. */
  assertCurrent: (order: OrderDocument) => void;
}

// Line-items opens a seal again whose order stayed open for five minutes.
const SEAL_MS_MAX = 30_000;

/**
 * Has line-items close the lines of an open order, which is the first step out of `open`. After a crash they
 * stay closed, and the next attempt goes on from there. With `unlessBackordered` it refuses an order that
 * waits for stock and does not go without (`BACKORDERED`): its lines stay open.
 */
export async function sealLines(
  { lineItems }: Pick<OrdersContext, "lineItems">,
  { _id, version }: OrderDocument,
  call: CallOptions,
  unlessBackordered = false,
): Promise<SealedLines> {
  const sealedAt = performance.now();
  const { lines } = await lineItems.sealLines({ order_id: _id, unless_backordered: unlessBackordered }, call);
  return {
    lines: lines!.line_items,
    assertCurrent(order) {
      if (performance.now() - sealedAt > SEAL_MS_MAX) throw unavailable("the order's change took too long");
      // Its rule gets the order with the version that the change will have.
      if (order.version !== version + 1) throw new DomainError("CONFLICT");
    },
  };
}
