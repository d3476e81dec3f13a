import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a test run with one plain line, `N passed, N failed`. What fails outside of a test counts as failed
 * too: a file that does not load, a stray rejection, a set-up that throws, a run that finds no test.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: string): void {
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    );
    const passed = states.filter((state) => state === "passed").length;
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const failed = states.filter((state) => state === "failed").length + broken;
    const skipped = states.length - passed - states.filter((state) => state === "failed").length;
    const shownFailed = failed === 0 && reason !== "passed" ? 1 : failed;
    const line = `${passed} passed, ${shownFailed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
    process.once("exit", () => void process.stdout.write(`${line}\n`));
  }
}
