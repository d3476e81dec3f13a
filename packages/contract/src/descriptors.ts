import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  createFileRegistry,
  fromBinary,
  getOption,
  hasOption,
  toBinary,
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { HttpRule } from "@waybill/proto/google/api/http.ts";
import { FieldRules, RestOptions } from "@waybill/proto/options/v1/options.ts";

const descriptorSet = fromBinary(
  FileDescriptorSetSchema,
  readFileSync(fileURLToPath(import.meta.resolve("@waybill/proto/descriptor"))),
);

/** Everything the protos say: messages, services, comments, options. */
export const descriptors: FileRegistry = createFileRegistry(descriptorSet);

const noRules: FieldRules = FieldRules.decode(new Uint8Array());
const rulesOption = extension("waybill.options.v1.rules");
const restOption = extension("waybill.options.v1.rest");
const httpOption = extension("google.api.http");

/** The rules of a field; all unset if it has none. */
export function fieldRules(field: DescField): FieldRules {
  return hasOption(field, rulesOption) ? FieldRules.decode(optionBytes(field, rulesOption)) : noRules;
}

/** Whether a message, or one inside it, has a field that is told once (`secret`). */
export function holdsSecret(message: DescMessage, above: ReadonlySet<DescMessage> = new Set()): boolean {
  if (above.has(message)) return false;
  const here = new Set([...above, message]);
  return message.fields.some(
    (field) => fieldRules(field).secret || (field.message !== undefined && holdsSecret(field.message, here)),
  );
}

/** How a method is reached over HTTP; null if it is not. */
export function httpRule(method: DescMethod): HttpRule | null {
  return hasOption(method, httpOption) ? HttpRule.decode(optionBytes(method, httpOption)) : null;
}

/** How a method looks over REST. */
export function restOptions(method: DescMethod): RestOptions {
  return RestOptions.decode(
    hasOption(method, restOption) ? optionBytes(method, restOption) : new Uint8Array(),
  );
}

function extension(name: string): DescExtension {
  const found = descriptors.getExtension(name);
  if (!found?.message) throw new Error(`the protos define no option ${name}`);
  return found;
}

// Options are read through the generated types, so that their names are those of the proto.
function optionBytes(element: DescField | DescMethod, option: DescExtension): Uint8Array {
  return toBinary(option.message!, getOption(element, option) as never);
}
