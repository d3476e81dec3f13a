import type { Route } from "@waybill/contract/methods.ts";
import { BodyForm } from "@waybill/proto/options/v1/options.ts";

/** How a body was sent: as the route's body field, as the one element of that list, or under its name. */
export type SentForm = "plain" | "alone" | "wrapped";

/** A body as the value of the route's body field, and how it was sent. */
interface SentBody {
  value: unknown;
  form: SentForm;
}

/** Recognizes the form in which a body was sent. What has none of the route's forms is plain. */
export function recognizeForm({ body: field, bodyForm }: Route, body: unknown): SentBody {
  if (isObject(body)) {
    if (bodyForm === BodyForm.BODY_FORM_ONE_OR_MANY) return { value: [body], form: "alone" };
    if (bodyForm === BodyForm.BODY_FORM_WRAPPED_OR_BARE && Object.hasOwn(body, field!)) {
      return { value: body[field!], form: "wrapped" };
    }
  }
  return { value: body, form: "plain" };
}

/** A JSON pointer into the route's body field, as a pointer into the body as it was sent. */
export function pointerAsSent(pointer: string, form: SentForm, { body }: Route): string {
  if (form === "wrapped") return `/${body}${pointer}`;
  return form === "alone" ? pointer.replace(/^\/0(?=\/|$)/, "") : pointer;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
