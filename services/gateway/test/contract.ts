import { create, createFileRegistry, setExtension, type DescMessage } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  type FieldOptions,
} from "@bufbuild/protobuf/wkt";
import { descriptors } from "@waybill/contract/descriptors.ts";
import type { Route } from "@waybill/contract/methods.ts";
import { BodyForm } from "@waybill/proto/options/v1/options.ts";

/** A route of no method, with these particulars. */
export function route(changes: Partial<Route>): Route {
  const { body = null, path = "/things" } = changes;
  const plain = { bodyForm: BodyForm.BODY_FORM_UNSPECIFIED, responseBody: null, successStatus: 200 };
  return { verb: "post", path, body, ...plain, location: null, etag: null, coalesced: false, ...changes };
}

const text = (name: string, number: number, options?: FieldOptions) => ({
  name,
  number,
  label: FieldDescriptorProto_Label.OPTIONAL,
  type: FieldDescriptorProto_Type.STRING,
  ...(options ? { options } : {}),
});

const texts = (name: string, number: number) => ({
  ...text(name, number),
  label: FieldDescriptorProto_Label.REPEATED,
});

/**
 * A request with all that a REST request can be made of: text fields `thing` and `note`, `if_match` from its
 * header, `update_mask`, a message `order`, and a list `parts` of `{name, tags, update_mask}`.
 */
export const changeThing: DescMessage = compileMessages().getMessage("test.ChangeThing")!;

function compileMessages() {
  const ofMessage = { type: FieldDescriptorProto_Type.MESSAGE };
  const order = { ...text("order", 5), ...ofMessage, typeName: ".waybill.orders.v1.Order" };
  const parts = { ...texts("parts", 6), ...ofMessage, typeName: ".test.Part" };
  const ifMatch = text("if_match", 3, headerOption("If-Match"));
  const file = create(FileDescriptorProtoSchema, {
    name: "test.proto",
    package: "test",
    syntax: "proto3",
    dependency: ["waybill/orders/v1/orders.proto"],
    messageType: [
      {
        name: "ChangeThing",
        field: [text("thing", 1), text("note", 2), ifMatch, texts("update_mask", 4), order, parts],
      },
      { name: "Part", field: [text("name", 1), texts("tags", 2), texts("update_mask", 3)] },
    ],
  });
  return createFileRegistry(file, (name) => descriptors.getFile(name));
}

function headerOption(header: string): FieldOptions {
  const rules = descriptors.getExtension("waybill.options.v1.rules")!;
  const options = create(FieldOptionsSchema);
  setExtension(options, rules, create(rules.message!, { header } as never) as never);
  return options;
}
