import { expect, test } from "vitest";
import { openGuideReader } from "./guide-reader.ts";

test("what README.md shows is what happens", { timeout: 150_000 }, async () => {
  using reader = await openGuideReader("readme");
  expect(await reader.differenceIn("README.md")).toBeNull();
});
