import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openReport } from "./import-report.ts";
import type { Outcome } from "./order-batches.ts";

function reportFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "waybill-report-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "report.ndjson");
}

const outcome = (index: number) => ({ index, reason: "é\n" }) as Outcome;

describe("the report of an import", () => {
  it("says how many records are done, also after a crash in the midst of a line", async () => {
    const file = reportFile();
    {
      await using report = await openReport(file, "resume");
      expect(report.done).toBe(0);
      await report.write([outcome(0), outcome(1)]);
    }
    appendFileSync(file, '{"index":2,"rea');
    await using report = await openReport(file, "resume");
    expect(report.done).toBe(2);
    await report.write([outcome(2)]);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as Outcome).index)).toEqual([0, 1, 2]);
  });

  it("is never overwritten unless one says so", async () => {
    const file = reportFile();
    await (await openReport(file, "new"))[Symbol.asyncDispose]();
    await expect(openReport(file, "new")).rejects.toThrow("--resume");
    await using report = await openReport(file, "overwrite");
    expect(report.done).toBe(0);
  });
});
