/** Order numbers are minted from here upward; below are the storefront ids that clients choose. */
export const ORDER_NR_FIRST = 1_000_000_000;

const numberPattern = /^0*[1-9]\d{0,14}$/;

/** What an order is named by. */
export type OrderName = { _id: string } | { order_nr: number } | { storefront_id: number };

/** Reads how a caller names an order: by its UUID, its order_nr or its storefront_id. */
export function readOrderName(name: string): OrderName {
  if (!numberPattern.test(name)) return { _id: name };
  const number = Number(name);
  return number < ORDER_NR_FIRST ? { storefront_id: number } : { order_nr: number };
}
