import { fileURLToPath } from "node:url";
import { isErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { Router, type RequestHandler, type Response } from "express";
import { guidePage, readGuides, slugOf, type Guide } from "./guides.ts";
import { referencePage } from "./page.ts";

const docs = fileURLToPath(import.meta.resolve("@waybill/docs/package.json")).replace(/package\.json$/, "");
const ownAssets = fileURLToPath(new URL("assets/", import.meta.url));
const swaggerUi = fileURLToPath(new URL(".", import.meta.resolve("swagger-ui-dist/package.json")));

// Pages, and of the docs' folder what guides link to; nothing else of the two folders is served.
const assets: Readonly<Record<string, string>> = {
  "docs.css": ownAssets,
  "reference.js": ownAssets,
  "swagger-ui.css": swaggerUi,
  "swagger-ui-bundle.js": swaggerUi,
};

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  // Swagger UI sets styles of elements.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The docs, which need no key: /openapi.json, /asyncapi.json, the guides and the API reference at /docs. */
export function docsRouter(): Router {
  const router = Router({ caseSensitive: true });
  // Rendered when first asked for, so that a start does not pay for it.
  let rendered: Guide[] | null = null;
  const guides = () => (rendered ??= readGuides(docs));
  for (const file of ["openapi.json", "asyncapi.json"]) router.get(`/${file}`, send(docs, file));
  router.use("/docs", protect);
  router.get("/docs", (_request, response) => sendPage(response, guidePage(guides(), "index")));
  router.get("/docs/reference", (_request, response) => sendPage(response, referencePage(guides())));
  for (const [file, folder] of Object.entries(assets)) router.get(`/docs/assets/${file}`, send(folder, file));
  router.get("/docs/errors/:code", toErrorSection);
  router.get("/docs/webhooks/:file", sendSample);
  router.get("/docs/:guide", (request, response) =>
    sendPage(response, guidePage(guides(), request.params.guide)),
  );
  return router;
}

/** The `type` of a problem leads to its section. */
const toErrorSection: RequestHandler<{ code: string }> = ({ params: { code } }, response) => {
  if (!isErrorCode(code)) throw new DomainError("ROUTE_NOT_FOUND");
  response.redirect(301, `/docs/errors#${slugOf(code)}`);
};

/** A file that the webhook guide links to, to be read, not run. */
const sendSample: RequestHandler<{ file: string }> = ({ params: { file } }, response, next) => {
  const headers = {
    "Content-Type": file.endsWith(".json") ? "application/json" : "text/plain; charset=utf-8",
  };
  response.sendFile(file, { root: `${docs}webhooks`, headers }, (error) => error && next(toNotFound(error)));
};

const protect: RequestHandler = (_request, response, next) => {
  response.setHeader("Content-Security-Policy", policy);
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
  next();
};

function send(root: string, file: string): RequestHandler {
  return (_request, response) => response.sendFile(file, { root, maxAge: "5m" });
}

function sendPage(response: Response, html: string | null): void {
  if (html === null) throw new DomainError("ROUTE_NOT_FOUND");
  response.type("html").send(html);
}

function toNotFound(error: Error): Error {
  return "status" in error && Number(error.status) < 500 ? new DomainError("ROUTE_NOT_FOUND") : error;
}
