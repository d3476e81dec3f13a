import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("../../", import.meta.url));
const limits = {
  testTimeout: 120_000,
  // The first build of the images fetches every package.
  hookTimeout: 600_000,
  expect: { poll: { timeout: 20_000 } },
  deps: { interopDefault: false },
};

// What needs a container engine. Where none runs: npm run with-engine -- npm run test:containers
export default defineConfig({
  root,
  test: {
    reporters: ["default", "./packages/dev-env/src/closing-line.ts"],
    maxWorkers: 1,
    projects: [
      {
        root,
        test: {
          ...limits,
          // Every service as a container, by deploy/compose.yaml.
          name: "compose",
          include: ["test/e2e/first-order.test.ts", "test/containers/compose/**/*.test.ts"],
          globalSetup: "test/containers/setup.ts",
        },
      },
      {
        root,
        test: {
          ...limits,
          // MongoDB and Kafka in containers, as npm test and npm start have them where there is an engine.
          name: "engines",
          include: ["test/containers/engines/**/*.test.ts"],
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
