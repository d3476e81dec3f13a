import { readFileSync } from "node:fs";

/** An operation with what it answered. */
interface Answered {
  /** `GET /orders/{order}`. */
  name: string;
  /** How many answers had each status. */
  statuses: Record<number, number>;
}

interface Har {
  log: { entries: { request: { method: string; url: string }; response: { status: number } }[] };
}

/** What each operation of the OpenAPI document answered under a base path, by the HTTP archive of a run. */
export function answeredBy(document: { paths: object }, basePath: string, harFile: string): Answered[] {
  const operations = Object.entries(document.paths).flatMap(([path, verbs]) =>
    Object.keys(verbs as object).map((verb) => toOperation(verb.toUpperCase(), path, basePath)),
  );
  const { log } = JSON.parse(readFileSync(harFile, "utf8")) as Har;
  for (const { request, response } of log.entries) {
    const { pathname } = new URL(request.url);
    const found = operations.find(({ verb, pattern }) => verb === request.method && pattern.test(pathname));
    if (found) found.statuses[response.status] = (found.statuses[response.status] ?? 0) + 1;
  }
  return operations.map(({ name, statuses }) => ({ name, statuses }));
}

function toOperation(verb: string, path: string, basePath: string) {
  const pattern = new RegExp(`^${basePath}${path.replaceAll(/\{\w+\}/g, "[^/]+")}/?$`);
  return { name: `${verb} ${path}`, verb, pattern, statuses: {} as Record<number, number> };
}
