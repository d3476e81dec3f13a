import { readFileSync } from "node:fs";
import type { JsonSchema } from "@waybill/contract/schema.ts";

const documents = new URL("../../../test/e2e/documents/", import.meta.url);

/** The examples of the reference documents, by the operation or webhook that they show. */
const shown: Readonly<Record<string, { request?: string; response?: string }>> = {
  createOrders: { request: "001-create-orders" },
  createOrderGroup: { request: "002-order-group-request" },
  createOrderLineItem: { request: "003-add-request" },
  updateOrderLineItem: { request: "003-modify-request" },
  orderEvent: { request: "001-order-event" },
};

/** The `examples` of a media type; empty if the documents show none. */
export function examplesOf(name: string, part: "request" | "response"): JsonSchema {
  const file = shown[name]?.[part];
  if (file === undefined) return {};
  const value: unknown = JSON.parse(readFileSync(new URL(`${file}.json`, documents), "utf8"));
  return { examples: { document: { summary: "As in the reference document", value } } };
}
