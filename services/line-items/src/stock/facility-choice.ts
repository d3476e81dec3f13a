/**
 * Which facilities an order is supplied from, by its split_policy. `units` says how many of the missing units
 * a set of facilities could supply; `candidates` are those that have something, the preferred first; `used`
 * those that the order has units of already.
 */
interface SplitQuestion {
  candidates: readonly string[];
  used: readonly string[];
  units: (facilities: ReadonlySet<string>) => number;
}

/** Up to here the fewest facilities are found by trying every set, beyond by taking the best one each time. */
const EXACT_FACILITIES_MAX = 6;

/** The facilities to take from; `single_shipment` answers one at most. */
export function chooseFacilities(policy: string, question: SplitQuestion): ReadonlySet<string> {
  const { candidates, used } = question;
  if (policy === "allow_splits") return new Set([...used, ...candidates]);
  if (policy === "single_shipment") return onlyOne(question);
  const others = candidates.filter((id) => !used.includes(id));
  return others.length <= EXACT_FACILITIES_MAX ? fewest(question, others) : fewEnough(question, others);
}

function onlyOne({ candidates, used, units }: SplitQuestion): ReadonlySet<string> {
  if (used.length > 0) return new Set(used);
  return new Set(best(candidates, (id) => units(new Set([id]))));
}

function fewest({ used, units }: SplitQuestion, others: readonly string[]): ReadonlySet<string> {
  const most = units(new Set([...used, ...others]));
  for (let size = 0; size < others.length; size += 1) {
    for (const subset of subsets(others, size)) {
      const facilities = new Set([...used, ...subset]);
      if (units(facilities) === most) return facilities;
    }
  }
  return new Set([...used, ...others]);
}

function fewEnough({ used, units }: SplitQuestion, others: readonly string[]): ReadonlySet<string> {
  const most = units(new Set([...used, ...others]));
  const chosen = new Set(used);
  while (units(chosen) < most) {
    const left = others.filter((id) => !chosen.has(id));
    const next = best(left, (id) => units(new Set([...chosen, id])));
    if (next.length === 0) break;
    chosen.add(next[0]!);
  }
  return chosen;
}

/** The first with the highest value, as a list; none if there is none. */
function best(ids: readonly string[], value: (id: string) => number): string[] {
  const values = ids.map(value);
  const place = values.indexOf(Math.max(...values));
  return ids.slice(place, place + 1);
}

/** All subsets of a size, those with earlier members first. */
function* subsets(items: readonly string[], size: number): Generator<string[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (const [index, first] of items.entries()) {
    for (const rest of subsets(items.slice(index + 1), size - 1)) yield [first, ...rest];
  }
}
