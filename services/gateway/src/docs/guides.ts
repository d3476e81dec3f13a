import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Marked } from "marked";
import { pageOf } from "./page.ts";

/** A guide of docs/, rendered. */
export interface Guide {
  /** Its file without `.md`, and its path under /docs. */
  name: string;
  title: string;
  html: string;
}

// The order in which a new user reads them; the others follow by name.
const first = ["quick-start", "batches", "updates-and-cancels", "webhooks", "groupings", "stock"];
const last = ["topics", "events", "grpc", "errors", "limits"];

/** Reads and renders every guide in the folder, in the order in which they are listed. */
export function readGuides(folder: string): Guide[] {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".md"))
    .map((file) => file.slice(0, -".md".length));
  return names.sort(byReading).map((name) => toGuide(name, readFileSync(join(folder, `${name}.md`), "utf8")));
}

/** The page of a guide, or the page that lists all of them. */
export function guidePage(guides: readonly Guide[], name: string): string | null {
  const guide = guides.find((each) => each.name === name);
  return guide ? pageOf(guide.title, guide.html, guides) : null;
}

function toGuide(name: string, markdown: string): Guide {
  const title = /^# (.+)$/m.exec(markdown)?.[1];
  if (!title) throw new Error(`docs/${name}.md has no heading`);
  return { name, title, html: render(markdown) };
}

function byReading(a: string, b: string): number {
  return placeOf(a) - placeOf(b) || (a < b ? -1 : 1);
}

function placeOf(name: string): number {
  const place = first.indexOf(name);
  if (place >= 0) return place;
  return last.includes(name) ? first.length + 1 + last.indexOf(name) : first.length;
}

function render(markdown: string): string {
  return marked.parse(markdown, { async: false });
}

const marked = new Marked({
  renderer: {
    // So that a section can be linked to; as GitHub names them.
    heading({ tokens, depth, text }) {
      return `<h${depth} id="${slugOf(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
  },
  walkTokens(token) {
    // A guide links to another as a file, which works in the repository too.
    if (token.type === "link") token.href = token.href.replace(/^([\w-]+)\.md(?=$|#)/, "/docs/$1");
  },
});

/** The id of a heading. */
export function slugOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(/\s+/g, "-");
}
