import type { DescField, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";

// Field numbers in descriptor.proto, of which the paths of source locations are made.
const MESSAGES_OF_FILE = 4;
const SERVICES_OF_FILE = 6;
const FIELDS_OF_MESSAGE = 2;
const METHODS_OF_SERVICE = 2;

/** What the proto says before a message, field, service or method, as one text; empty if it says nothing. */
export function commentOf(desc: DescMessage | DescField | DescService | DescMethod): string {
  const wanted = pathOf(desc).join(".");
  const { file } = desc.kind === "field" || desc.kind === "rpc" ? desc.parent : desc;
  return commentsOf(file.proto).get(wanted) ?? "";
}

type FileProto = DescMessage["file"]["proto"];

const known = new WeakMap<FileProto, ReadonlyMap<string, string>>();

function commentsOf(file: FileProto): ReadonlyMap<string, string> {
  let comments = known.get(file);
  if (!comments) {
    const located = file.sourceCodeInfo?.location ?? [];
    comments = new Map(
      located.map(({ path, leadingComments }) => [path.join("."), unwrapped(leadingComments)]),
    );
    known.set(file, comments);
  }
  return comments;
}

function unwrapped(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.trim())
    .join(" ")
    .trim();
}

function pathOf(desc: DescMessage | DescField | DescService | DescMethod): number[] {
  switch (desc.kind) {
    case "message":
      return [MESSAGES_OF_FILE, desc.file.proto.messageType.indexOf(desc.proto)];
    case "service":
      return [SERVICES_OF_FILE, desc.file.proto.service.indexOf(desc.proto)];
    case "field":
      return [...pathOf(desc.parent), FIELDS_OF_MESSAGE, desc.parent.proto.field.indexOf(desc.proto)];
    case "rpc":
      return [...pathOf(desc.parent), METHODS_OF_SERVICE, desc.parent.proto.method.indexOf(desc.proto)];
  }
}
