import { fileURLToPath } from "node:url";
import { Router } from "express";

/** The documents of the API, which need no key: `/openapi.json`. */
export function docsRouter(): Router {
  const router = Router({ caseSensitive: true });
  router.get("/openapi.json", (_request, response) => response.sendFile(pathOf("openapi.json")));
  return router;
}

/** Where a file of the docs lies. */
function pathOf(file: string): string {
  return fileURLToPath(import.meta.resolve(`@waybill/docs/${file}`));
}
