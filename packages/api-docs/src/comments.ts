import { descriptors } from "@waybill/contract/descriptors.ts";

// The numbers of the fields in descriptor.proto that lead to an element: FileDescriptorProto's message_type
// and service, DescriptorProto's field, ServiceDescriptorProto's method.
const MESSAGE = 4;
const SERVICE = 6;
const FIELD = 2;
const METHOD = 2;

type File = (typeof descriptors.files extends Iterable<infer Each> ? Each : never)["proto"];

const comments = new Map([...descriptors.files].flatMap(({ proto }) => [...commentsOf(proto)]));

/**
 * What the protos' comments say of a message, a field (`<message>.<field>`), a service or a method
 * (`<service>.<method>`), by its full name: Markdown, one line a paragraph; "" where there is none.
 */
export function commentOf(name: string): string {
  return comments.get(name) ?? "";
}

/** The first sentence of a comment, without its full stop. */
export function firstSentence(comment: string): string {
  const paragraph = comment.split("\n")[0]!;
  return (/^.*?[^.]\.(?=\s|$)/.exec(paragraph)?.[0] ?? paragraph).replace(/\.$/, "");
}

function* commentsOf(file: File): Generator<[name: string, comment: string]> {
  const leading = new Map(
    (file.sourceCodeInfo?.location ?? []).map(({ path, leadingComments }) => [
      path.join("."),
      leadingComments,
    ]),
  );
  const at = (...path: number[]) => unwrapped(leading.get(path.join(".")) ?? "");
  for (const [index, message] of file.messageType.entries()) {
    const name = `${file.package}.${message.name}`;
    yield [name, at(MESSAGE, index)];
    for (const [place, field] of message.field.entries())
      yield [`${name}.${field.name}`, at(MESSAGE, index, FIELD, place)];
  }
  for (const [index, service] of file.service.entries()) {
    const name = `${file.package}.${service.name}`;
    yield [name, at(SERVICE, index)];
    for (const [place, method] of service.method.entries())
      yield [`${name}.${method.name}`, at(SERVICE, index, METHOD, place)];
  }
}

/** A comment whose lines were broken at the margin, each paragraph in one line. */
function unwrapped(comment: string): string {
  const paragraphs = comment.split(/\n[ \t]*\n/);
  return paragraphs
    .map((paragraph) => paragraph.replaceAll(/\s+/g, " ").trim())
    .filter(Boolean)
    .join("\n\n");
}
