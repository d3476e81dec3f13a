import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { eventsByTopic } from "@waybill/contract/events.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const described = Object.values(eventsByTopic).flatMap(({ events }) => Object.keys(events));

test("every event type that a service writes is described, on one topic", () => {
  const sources = globSync("services/*/src/**/*.ts", { cwd: root }).filter(
    (file) => !file.endsWith(".test.ts"),
  );
  const written = sources.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/"(waybill\.\w+\.\w+\.v1)"/g)].map(
      ([, type]) => type!,
    ),
  );
  expect(written.length).toBeGreaterThan(5);
  expect(written.filter((type) => !described.includes(type))).toEqual([]);
  expect(described).toEqual([...new Set(described)]);
});
