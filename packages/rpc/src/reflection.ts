import type { Server, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { fileDescriptors } from "@waybill/contract/descriptors.ts";

type Registration = [ServiceDefinition, UntypedServiceImplementation];

/**
 * Adds gRPC reflection of these services, in all its versions. It reads the protos when it is first asked:
 * few ask, and reading would be a quarter of every start.
 */
export function addReflection(server: Server, services: readonly string[]): void {
  let whole: Registration[] | undefined;
  registrations([], services).forEach(([definition, handlers], version) => {
    const lazily = Object.keys(handlers).map((name) => {
      const handle = (...call: never[]) => {
        whole ??= registrations(fileDescriptors(), services);
        return (whole[version]![1][name] as (...call: never[]) => void)(...call);
      };
      return [name, handle] as const;
    });
    server.addService(definition, Object.fromEntries(lazily) as UntypedServiceImplementation);
  });
}

/** What reflection would add to a server, each of its versions. */
function registrations(files: readonly Uint8Array[], services: readonly string[]): Registration[] {
  // A package definition of proto-loader's would rename types: only the files themselves are handed over.
  const pkg = {
    files: { format: "", type: null, fileDescriptorProtos: files.map((bytes) => Buffer.from(bytes)) },
  };
  const added: Registration[] = [];
  const server: Pick<Server, "addService"> = {
    addService: (...registration) => void added.push(registration),
  };
  new ReflectionService(pkg as never, { services: [...services] }).addToServer(server);
  return added;
}
