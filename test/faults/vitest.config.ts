import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("../../", import.meta.url));

// Kills and outages of real processes: longer than `npm test` may take.
export default defineConfig({
  root,
  test: {
    reporters: ["default", "./packages/dev-env/src/closing-line.ts"],
    maxWorkers: 2,
    // Each has processes of its own.
    maxConcurrency: 3,
    projects: [
      {
        root,
        test: {
          name: "parts",
          include: ["{packages,services}/*/test/**/*.faults.test.ts"],
          globalSetup: "packages/dev-env/src/test-engines.ts",
          deps: { interopDefault: false },
          expect: { poll: { timeout: 10_000 } },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        root,
        test: {
          name: "system",
          include: ["test/faults/**/*.test.ts"],
          // Each file starts a whole system.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          expect: { poll: { timeout: 10_000 } },
          testTimeout: 240_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
