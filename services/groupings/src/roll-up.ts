import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";

/** Ordered units of one line that a grouping asks for. */
export interface Claim {
  grouping_id: number;
  quantity: number;
}

/** Where the ordered units of a claim are. ordered = outstanding + fulfilled + shorted + canceled. */
export interface Counters {
  ordered: number;
  fulfilled: number;
  shorted: number;
  canceled: number;
  /** Of the fulfilled ones: on their way back. */
  returning: number;
  /** Of the fulfilled ones: back. */
  returned: number;
}

/** How the units of a movement come from where they were. */
interface Flow {
  /** How many units a share has to give. */
  room: (share: Counters) => number;
  move: (share: Counters, units: number) => void;
}

const flows: Readonly<Record<string, Flow>> = {
  fulfilled: { room: outstanding, move: (share, units) => (share.fulfilled += units) },
  shorted: { room: outstanding, move: (share, units) => (share.shorted += units) },
  canceled: { room: outstanding, move: (share, units) => (share.canceled += units) },
  returning: {
    room: ({ fulfilled, returning, returned }) => fulfilled - returning - returned,
    move: (share, units) => (share.returning += units),
  },
  returned: {
    room: ({ returning }) => returning,
    move: (share, units) => {
      share.returning -= units;
      share.returned += units;
    },
  },
  return_canceled: {
    room: ({ returning }) => returning,
    move: (share, units) => (share.returning -= units),
  },
};

/**
 * Attributes the movements of one line to the claims on it, given in order of creation: each movement goes to
 * the grouping that it names as far as that has such units, then to the groupings in order of creation, then
 * to the units that belong to nobody. A line that has become smaller than its claims serves the earlier ones
 * first. Pure: the same line, claims and movements always give the same counters.
 */
export function attribute(
  lineQuantity: number,
  claims: readonly Claim[],
  movements: readonly Movement[],
): Counters[] {
  let left = lineQuantity;
  const shares = claims.map(({ quantity }) => {
    const ordered = Math.min(quantity, left);
    left -= ordered;
    return newShare(ordered);
  });
  const nobodys = newShare(left);
  for (const movement of movements) {
    const named = claims.findIndex(({ grouping_id }) => grouping_id === movement.grouping_id);
    const inTurn = [...(named < 0 ? [] : [shares[named]!]), ...shares, nobodys];
    distribute(movement, inTurn);
  }
  return shares;
}

/** Units of a share that are still to be shipped. */
export function outstanding({ ordered, fulfilled, shorted, canceled }: Counters): number {
  return ordered - fulfilled - shorted - canceled;
}

function newShare(ordered: number): Counters {
  return { ordered, fulfilled: 0, shorted: 0, canceled: 0, returning: 0, returned: 0 };
}

function distribute({ kind, quantity }: Movement, shares: readonly Counters[]): void {
  const flow = Object.hasOwn(flows, kind) ? flows[kind] : undefined;
  if (!flow) return;
  let left = quantity;
  for (const share of shares) {
    const units = Math.min(left, flow.room(share));
    flow.move(share, units);
    left -= units;
  }
}
