/** Where an element stands in a list that is sorted by a time and, within it, by the id. */
export type Position = readonly [time: string, id: string];

/** Below 0 if the first stands nearer to the beginning of time. */
export function comparePositions([timeA, idA]: Position, [timeB, idB]: Position): number {
  const [a, b] = timeA === timeB ? [idA, idB] : [timeA, timeB];
  return Number(a > b) - Number(a < b);
}
