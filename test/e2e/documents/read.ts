import { readFileSync } from "node:fs";

/** The examples by the number of their document. */
type DocumentExample =
  | "001-address-fields"
  | "001-create-orders"
  | "001-line-items"
  | "001-pick-from"
  | "001-order-update-response"
  | "001-order-cancel-requests"
  | "001-order-event"
  | "002-order-group-request"
  | "002-order-group-response"
  | "003-list-response"
  | "003-add-request"
  | "003-add-response"
  | "003-modify-request"
  | "003-modify-response";

/** An example of a reference document, as it stands there. */
export function documentExample(name: DocumentExample): any {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8"));
}
