// The proto files behind a name, as gRPC reflection hands them out: with everything that they import.
import { toBinary, type DescFile } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { descriptors } from "./descriptors.ts";

type Named = ReturnType<typeof nestedTypes> extends Iterable<infer T> ? T : never;

let filesBySymbol: ReadonlyMap<string, DescFile> | undefined;

/** The file of this path and all that it imports, each as its FileDescriptorProto; undefined if there is none. */
export function fileNamed(path: string): Buffer[] | undefined {
  return withImports([...descriptors.files].find(({ proto }) => proto.name === path));
}

/** The same, of the file that declares a type, a service, or a member of one, by its full name. */
export function fileOfSymbol(symbol: string): Buffer[] | undefined {
  filesBySymbol ??= new Map([...descriptors.files].flatMap(symbolsOf));
  return withImports(filesBySymbol.get(symbol));
}

/** The same, of the file that declares the extension of a message with this number. */
export function fileOfExtension(message: string, number: number): Buffer[] | undefined {
  return withImports(extensionsOf(message)?.find((extension) => extension.number === number)?.file);
}

/** The numbers of a message's extensions, none if it has none; undefined if there is no such message. */
export function extensionNumbers(message: string): number[] | undefined {
  return extensionsOf(message)?.map(({ number }) => number);
}

function extensionsOf(message: string) {
  if (!descriptors.getMessage(message)) return undefined;
  return [...descriptors].flatMap((type) =>
    type.kind === "extension" && type.extendee.typeName === message ? [type] : [],
  );
}

function symbolsOf(file: DescFile): [string, DescFile][] {
  return [...nestedTypes(file)].flatMap((type) =>
    [type.typeName, ...membersOf(type)].map((name) => [name, file] as [string, DescFile]),
  );
}

function membersOf(type: Named): string[] {
  const within = (scope: string, members: readonly { name: string }[]) =>
    members.map(({ name }) => `${scope}.${name}`);
  if (type.kind === "message") return within(type.typeName, [...type.fields, ...type.oneofs]);
  if (type.kind === "service") return within(type.typeName, type.methods);
  // The values of an enum stand beside it.
  if (type.kind === "enum")
    return within(type.typeName.slice(0, type.typeName.lastIndexOf(".")), type.values);
  return [];
}

function withImports(file: DescFile | undefined): Buffer[] | undefined {
  if (!file) return undefined;
  const files = new Set([file]);
  // Grows while it is walked, until nothing new is imported.
  for (const { dependencies } of files) for (const imported of dependencies) files.add(imported);
  return [...files].map(({ proto }) => Buffer.from(toBinary(FileDescriptorProtoSchema, proto)));
}
