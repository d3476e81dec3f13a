import { status, type Server, type ServerDuplexStream } from "@grpc/grpc-js";
import { extensionNumbers, fileNamed, fileOfExtension, fileOfSymbol } from "@waybill/contract/proto-files.ts";
import {
  ServerReflectionService,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from "@waybill/proto/grpc/reflection/v1/reflection.ts";

type Answer = Omit<ServerReflectionResponse, "valid_host" | "original_request">;

const { serverReflectionInfo } = ServerReflectionService;
// Old clients know reflection by this name only; its messages are the same.
const alphaPath = serverReflectionInfo.path.replace(".v1.", ".v1alpha.");

/** Adds gRPC reflection of these services, which it lists; it describes everything that the protos declare. */
export function addReflection(server: Server, services: readonly string[]): void {
  const reflect = (stream: ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>) => {
    stream.on("data", (request: ServerReflectionRequest) => {
      stream.write({ valid_host: request.host, original_request: request, ...answer(request, services) });
    });
    stream.on("end", () => stream.end());
  };
  for (const path of [serverReflectionInfo.path, alphaPath])
    server.addService({ reflect: { ...serverReflectionInfo, path } }, { reflect });
}

function answer(request: ServerReflectionRequest, services: readonly string[]): Answer {
  if (typeof request.list_services === "string")
    return { list_services_response: { service: services.map((name) => ({ name })) } };
  if (typeof request.all_extension_numbers_of_type === "string")
    return numbersAnswer(request.all_extension_numbers_of_type);
  const files = filesFor(request);
  return files ? { file_descriptor_response: { file_descriptor_proto: files } } : notFound;
}

function filesFor(request: ServerReflectionRequest): Buffer[] | undefined {
  const { file_by_filename, file_containing_symbol, file_containing_extension } = request;
  if (typeof file_by_filename === "string") return fileNamed(file_by_filename);
  if (typeof file_containing_symbol === "string") return fileOfSymbol(file_containing_symbol);
  if (!file_containing_extension) return undefined;
  return fileOfExtension(
    file_containing_extension.containing_type,
    file_containing_extension.extension_number,
  );
}

function numbersAnswer(type: string): Answer {
  const numbers = extensionNumbers(type);
  if (!numbers) return notFound;
  return { all_extension_numbers_response: { base_type_name: type, extension_number: numbers } };
}

const notFound: Answer = {
  error_response: { error_code: status.NOT_FOUND, error_message: "The protos declare nothing of this name" },
};
