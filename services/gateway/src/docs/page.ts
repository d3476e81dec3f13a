import type { Guide } from "./guides.ts";

/** A page of the docs as HTML: what it says, beside the list of all pages. */
export function pageOf(title: string, content: string, guides: readonly Guide[]): string {
  return layout(title, `<nav>${navigation(guides)}</nav><main class="guide">${content}</main>`, "");
}

/** The page of the API reference, which Swagger UI fills. */
export function referencePage(guides: readonly Guide[]): string {
  const scripts = ["swagger-ui-bundle.js", "reference.js"].map(
    (file) => `<script src="/docs/assets/${file}" defer></script>`,
  );
  const styles = `<link rel="stylesheet" href="/docs/assets/swagger-ui.css">${scripts.join("")}`;
  const content = `<nav>${navigation(guides)}</nav><main class="reference"><div id="reference">The reference needs JavaScript; <a href="/openapi.json">the document it shows</a> does not.</div></main>`;
  return layout("API reference", content, styles);
}

function navigation(guides: readonly Guide[]): string {
  const links = guides
    .filter(({ name }) => name !== "index")
    .map(({ name, title }) => `<li><a href="/docs/${name}">${escaped(title)}</a></li>`);
  return `<p><a href="/docs">Waybill</a></p>
<ul>${links.join("")}</ul>
<ul><li><a href="/docs/reference">API reference</a></li>
<li><a href="/openapi.json">openapi.json</a></li>
<li><a href="/asyncapi.json">asyncapi.json</a></li></ul>`;
}

function layout(title: string, body: string, head: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/assets/docs.css">
${head}
</head>
<body>${body}</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
