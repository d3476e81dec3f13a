import { afterAll, beforeAll, expect, test } from "vitest";
import { openGuideReader, type GuideReader } from "./guide-reader.ts";

let reader: GuideReader;

beforeAll(async () => {
  reader = await openGuideReader("guides");
}, 150_000);

afterAll(() => reader[Symbol.dispose]());

// In the order in which they are read: the quick start makes what the others use.
test.each([
  "quick-start",
  "webhooks",
  "batches",
  "updates-and-cancels",
  "groupings",
  "stock",
  "limits",
  "topics",
  "grpc",
  "errors",
])(
  "what docs/%s.md shows is what happens",
  async (guide) => {
    expect(await reader.differenceIn(`docs/${guide}.md`)).toBeNull();
  },
  60_000,
);
