import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The Helm chart, by the real Helm and the schemas of Kubernetes: minutes the first time, which builds Helm.
export default defineConfig({
  root: fileURLToPath(new URL("../../", import.meta.url)),
  test: {
    reporters: ["default", "./packages/dev-env/src/closing-line.ts"],
    include: ["test/chart/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 900_000,
  },
});
