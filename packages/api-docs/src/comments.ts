import { commentOf } from "@waybill/contract/comments.ts";
import { descriptors } from "@waybill/contract/descriptors.ts";
import type { Method } from "@waybill/contract/methods.ts";

/** What the proto says of a method. */
export function commentOfMethod({ service, name }: Method): string {
  const found = descriptors.getService(service)?.methods.find(({ localName }) => localName === name);
  return found ? commentOf(found) : "";
}

/** What the proto says of a service, by its full name. */
export function commentOfService(name: string): string {
  const service = descriptors.getService(name);
  return service ? commentOf(service) : "";
}

/** The first sentence of a comment, without its full stop. */
export function firstSentence(comment: string): string {
  return (/^.*?[^.]\.(?=\s|$)/.exec(comment)?.[0] ?? comment).replace(/\.$/, "");
}
