import { anOrder, aSku, aLine } from "./records.ts";

const articles = ["shirts872340", "pants3422", "hats1001"];

/** Sends the demo's SKUs and orders over REST. Sent again they are the same and change nothing. */
export async function sendDemoData(url: string, key: string): Promise<void> {
  await post(
    url,
    key,
    "/skus",
    articles.map((name, index) => aSku(name, { catalog_price: `${index + 1}9.95` })),
  );
  const orders = Array.from({ length: 5 }, (_, index) =>
    anOrder(`demo-${index + 1}`, { line_items: [aLine(articles[index % 3]!, index + 1)] }),
  );
  await post(url, key, "/orders", orders);
}

async function post(url: string, key: string, path: string, records: readonly object[]): Promise<void> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(records.map(withoutReadOnly)),
  });
  if (!response.ok)
    throw new Error(`demo data was refused: ${path} ${response.status} ${await response.text()}`);
}

/** The record as a merchant writes it: what is absent is left out. */
function withoutReadOnly(record: object): object {
  const text = JSON.stringify(record, (_, value) => (isAbsent(value) ? undefined : value));
  return JSON.parse(text) as object;
}

function isAbsent(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value).length === 0);
}
