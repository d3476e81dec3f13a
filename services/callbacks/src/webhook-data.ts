import { descriptors, fieldRules } from "@waybill/contract/descriptors.ts";
import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** The proto message of a message type's data; one that is not listed has nothing to leave out. */
const dataTypes: Readonly<Record<string, string>> = {
  orderEvent: "waybill.orders.v1.OrderEventData",
  orderUpdateResolution: "waybill.orders.v1.OrderUpdateRequest",
  orderCancelResolution: "waybill.orders.v1.OrderCancelRequest",
};

/** What is left out of a message: a field, or something within it. */
type Omission = Map<string, "all" | Omission>;

const omissions = new Map(
  Object.entries(dataTypes).map(([type, name]) => [
    type,
    omissionOf(descriptors.getMessage(name)!, new Set()),
  ]),
);

/**
 * The data of an event as webhooks of this type carry it: byte for byte, but for the fields that are for
 * topics only (`rules.topic_only`).
 */
export function webhookData(messageType: string, data: string): string {
  const omission = omissions.get(messageType);
  return omission === undefined ? data : withoutOmitted(data, omission);
}

/** Fields that are for topics only, in this message and in those it holds. */
function omissionOf(message: DescMessage, within: ReadonlySet<string>): Omission {
  const omission: Omission = new Map();
  if (within.has(message.typeName)) return omission;
  const deeper = new Set([...within, message.typeName]);
  for (const field of message.fields) {
    const held = heldMessage(field);
    if (fieldRules(field).topic_only) omission.set(field.name, "all");
    else if (held) {
      const inner = omissionOf(held, deeper);
      if (inner.size > 0) omission.set(field.name, inner);
    }
  }
  return omission;
}

/** The data without them; the same text if it has none of them. */
export function withoutOmitted(data: string, omission: Omission): string {
  // Written anew only where something goes, since that may spell numbers and letters in another way.
  if (![...namesIn(omission)].some((name) => data.includes(`"${name}"`))) return data;
  const value: unknown = JSON.parse(data);
  return omit(value, omission) ? JSON.stringify(value) : data;
}

function heldMessage(field: DescField): DescMessage | undefined {
  return field.fieldKind === "message" || field.fieldKind === "list" ? field.message : undefined;
}

function* namesIn(omission: Omission): Generator<string> {
  for (const [name, what] of omission) {
    if (what === "all") yield name;
    else yield* namesIn(what);
  }
}

/** Whether anything was left out. */
function omit(value: unknown, omission: Omission): boolean {
  if (Array.isArray(value)) return value.map((element) => omit(element, omission)).includes(true);
  if (typeof value !== "object" || value === null) return false;
  const object = value as Record<string, unknown>;
  let omitted = false;
  for (const [name, what] of omission) {
    if (!Object.hasOwn(object, name)) continue;
    if (what === "all") delete object[name];
    if (what === "all" || omit(object[name], what)) omitted = true;
  }
  return omitted;
}
