import { defineConfig } from "vitest/config";

const limits = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  // What is waited for takes more than the default second where the machine is busy.
  expect: { poll: { timeout: 10_000 } },
  // A module is loaded once per worker, not once per file: half of the time goes into loading otherwise. No
  // test changes what a module holds.
  pool: "threads" as const,
  isolate: false,
  // Default exports of CommonJS modules as Node itself gives them.
  deps: { interopDefault: false },
};
// Kills and outages take longer than `npm test` may: see test/faults/vitest.config.ts.
const exclude = ["**/node_modules/**", "**/*.faults.test.ts"];

// unit: pure code, in milliseconds. service: one service or package against real MongoDB and Kafka.
// e2e: REST in, topics and webhooks out, all services as processes.
export default defineConfig({
  test: {
    reporters: ["default", "./packages/dev-env/src/closing-line.ts"],
    // Most of a service test's time is spent waiting.
    maxWorkers: 4,
    projects: [
      {
        test: {
          ...limits,
          name: "unit",
          include: ["{packages,services}/*/src/**/*.test.ts", "test/bench/*.test.ts"],
        },
      },
      {
        test: {
          ...limits,
          name: "service",
          include: ["{packages,services}/*/test/**/*.test.ts"],
          exclude,
          globalSetup: "test/setup.ts",
        },
      },
      {
        test: {
          ...limits,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: "test/setup.ts",
        },
      },
    ],
  },
});
