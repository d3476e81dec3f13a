import fc from "fast-check";
import { expect, test } from "vitest";
import { firstIdAt, idAt, newId, timeOfId, newReference } from "./ids.ts";

const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Up to the year 10889, where 48 bits end. */
const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const indexes = fc.integer({ min: 0, max: 2 ** 31 - 1 });

test("every id is a UUID of version 7 in lower case", () => {
  expect(newId()).toMatch(version7);
  fc.assert(
    fc.property(times, indexes, (atMs, index) => {
      expect(idAt(atMs, index)).toMatch(version7);
      expect(firstIdAt(atMs)).toMatch(version7);
    }),
  );
});

test("ids made one after another are different and sort as they were made", () => {
  const ids = Array.from({ length: 10_000 }, newId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
});

test("an id tells when it was made", () => {
  const before = Date.now();
  const madeAt = timeOfId(newId());
  expect(madeAt).toBeGreaterThanOrEqual(before);
  // The counter of ids may run ahead of the clock by a millisecond when it overflows.
  expect(madeAt).toBeLessThanOrEqual(Date.now() + 1);
  fc.assert(
    fc.property(times, indexes, (atMs, index) => {
      expect(timeOfId(idAt(atMs, index))).toBe(atMs);
    }),
  );
});

test("ids sort by their time, those of one millisecond by their index", () => {
  const moments = fc.tuple(times, indexes);
  fc.assert(
    fc.property(moments, moments, ([atA, indexA], [atB, indexB]) => {
      fc.pre(atA !== atB || indexA !== indexB);
      const aFirst = atA < atB || (atA === atB && indexA < indexB);
      expect(idAt(atA, indexA) < idAt(atB, indexB)).toBe(aFirst);
    }),
  );
});

test("neighbors of one millisecond sort by their index", () => {
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: 2 ** 31 - 2 }), (atMs, index) => {
      expect(idAt(atMs, index) < idAt(atMs, index + 1)).toBe(true);
    }),
  );
});

test("two ids of the same time and index are different", () => {
  fc.assert(
    fc.property(times, indexes, (atMs, index) => {
      expect(idAt(atMs, index)).not.toBe(idAt(atMs, index));
    }),
  );
});

test("the first id of a time is above every earlier id and not above any of that time", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 48 - 1 }), indexes, (atMs, index) => {
      expect(firstIdAt(atMs) <= idAt(atMs, index)).toBe(true);
      expect(idAt(atMs - 1, index) < firstIdAt(atMs)).toBe(true);
    }),
  );
});

test("a time before 1970 has the smallest id of all", () => {
  expect(firstIdAt(-180_000)).toBe(firstIdAt(0));
});

test("a reference is its prefix and six letters or digits, another one each time", () => {
  const references = Array.from({ length: 100 }, () => newReference("COL"));
  for (const reference of references) expect(reference).toMatch(/^COL\/[A-Z0-9]{6}$/);
  expect(new Set(references).size).toBeGreaterThan(95);
});
