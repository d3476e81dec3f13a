import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isKept, ratioOf, spreadOf, type Row, type Spread } from "./bench.ts";
import { toPage } from "./page.ts";

const folder = fileURLToPath(new URL("../../bench-results/", import.meta.url));

/** How a run was made, and on what kind of machine. */
interface RunFacts {
  rounds: number;
  phaseMs: number;
}

/** The rows as a table of Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const head = ["what", "Waybill", "beside", "ratio (min–max)", "wanted", ""];
  const cells = rows.map((row) => {
    const ratio = ratioOf(row);
    const { peer } = row;
    const beside = peer ? `${peer.name} ${show(spreadOf(peer.values).median, row.unit)}` : "";
    const kept = isKept(row);
    return [
      row.what,
      showSpread(spreadOf(row.waybill), row.unit),
      beside,
      ratio ? showSpread(ratio, "×") : "",
      wantedOf(row),
      kept === null ? "" : kept ? "kept" : "MISSED",
    ];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...cells].map((line) => line[column]!.length)));
  const toLine = (line: readonly string[]) =>
    `| ${line.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [toLine(head), rule, ...cells.map(toLine)].join("\n");
}

/** Writes the results as JSON and as a page. Answers one line for people that says where. */
export function writeResults(rows: readonly Row[], facts: RunFacts): string {
  const machine = {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? "unknown",
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  const run = { date: new Date().toISOString(), ...facts, machine };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "results.json"), `${JSON.stringify({ run, rows }, null, 2)}\n`);
  writeFileSync(join(folder, "index.html"), toPage(rows, run));
  return "written: bench-results/results.json and bench-results/index.html";
}

function wantedOf(row: Row): string {
  if (!row.goal) return "";
  const unit = row.peer ? "×" : row.unit;
  return "min" in row.goal ? `≥ ${show(row.goal.min, unit)}` : `≤ ${show(row.goal.max, unit)}`;
}

function showSpread({ min, median, max }: Spread, unit: string): string {
  return `${show(median, unit)} (${toText(min)}–${toText(max)})`;
}

function show(value: number, unit: string): string {
  if (unit === "×") return `× ${toText(value)}`;
  return unit === "/s" ? `${toText(value)}/s` : `${toText(value)} ${unit}`;
}

function toText(value: number): string {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toFixed(digits);
}
