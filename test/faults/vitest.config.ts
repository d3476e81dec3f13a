import { defineConfig } from "vitest/config";

// Kills and outages of real processes: longer than `npm test` may take. One file at a time, since each
// starts a whole system.
export default defineConfig({
  test: {
    reporters: ["default", "./packages/dev-env/src/closing-line.ts"],
    include: ["test/faults/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 60_000,
  },
});
