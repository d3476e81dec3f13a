import { isKept, ratioOf, spreadOf, type Row } from "./bench.ts";

const WIDTH = 420;
const BAR = 14;

/** A page that shows the results: for each row a plot of its rounds, Waybill above its peer. */
export function toPage(rows: readonly Row[], run: object): string {
  const sections = rows.map(toSection).join("\n");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Waybill: benchmarks</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430 }
  section { border-top: 1px solid #d8dee6; padding: .75rem 0 }
  h2 { font-size: 1rem; margin: 0 } p { margin: .2rem 0; color: #55606e }
  .kept { color: #1a7f37 } .missed { color: #b42318 } code { font-size: .8rem }
</style>
<h1>Waybill: benchmarks</h1>
<p>A bar is the median of the rounds, its thin line runs from the smallest to the largest.</p>
<p><code>${escape(JSON.stringify(run))}</code></p>
${sections}
</html>
`;
}

function toSection(row: Row): string {
  const ratio = ratioOf(row);
  const kept = isKept(row);
  const verdict =
    kept === null ? "" : ` <b class="${kept ? "kept" : "missed"}">${kept ? "kept" : "missed"}</b>`;
  const wanted = row.goal ? `, wanted ${"min" in row.goal ? `≥ ${row.goal.min}` : `≤ ${row.goal.max}`}` : "";
  const of = ratio
    ? `ratio ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`
    : "";
  return `<section><h2>${escape(row.what)}</h2><p>${of}${wanted}${verdict}</p>${toPlot(row)}</section>`;
}

function toPlot(row: Row): string {
  const bars = [
    { name: "Waybill", values: row.waybill, color: "#2f6fdb" },
    ...(row.peer ? [{ ...row.peer, color: "#9aa5b1" }] : []),
  ];
  const most = Math.max(...bars.flatMap(({ values }) => values));
  const scaled = (value: number) => ((value / most) * WIDTH).toFixed(1);
  const drawn = bars.map(({ name, values, color }, index) => {
    const { min, median, max } = spreadOf(values);
    const y = index * (BAR + 8);
    const middle = y + BAR / 2;
    return (
      `<rect y="${y}" width="${scaled(median)}" height="${BAR}" fill="${color}"/>` +
      `<line x1="${scaled(min)}" x2="${scaled(max)}" y1="${middle}" y2="${middle}" stroke="#1c2430"/>` +
      `<text x="${WIDTH + 10}" y="${y + BAR - 2}">${escape(name)}: ${median.toPrecision(3)} ${row.unit}</text>`
    );
  });
  return `<svg width="${WIDTH + 380}" height="${bars.length * (BAR + 8)}" font-size="13">${drawn.join("")}</svg>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
