import { Client, credentials } from "@grpc/grpc-js";
import type { DomainError } from "@waybill/errors/domain-error.ts";
import {
  ServerReflectionService,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from "@waybill/proto/grpc/reflection/v1/reflection.ts";
import { expect, onTestFinished, test, vi } from "vitest";
import { ada, profilesAt, startCuttable, startTestServer, within, type ProfileHandlers } from "./harness.ts";

// The number of waybill.options.v1.rules.
const RULES = 50101;
const asIs = (bytes: Buffer) => bytes;

function bareClient(port: number): Client {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

/** grpc.health.v1: the status of a service, 1 = SERVING. */
function health(port: number, service: string): Promise<number | undefined> {
  const request = Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, answer?: Buffer) => (error ? reject(error) : resolve(answer?.[1]));
    bareClient(port).makeUnaryRequest("/grpc.health.v1.Health/Check", asIs, asIs, request, done);
  });
}

/** What reflection answers to a request. */
function reflect(
  port: number,
  request: Partial<ServerReflectionRequest>,
  version = "v1",
): Promise<ServerReflectionResponse> {
  const { path, requestSerialize, responseDeserialize } = ServerReflectionService.serverReflectionInfo;
  const stream = bareClient(port).makeBidiStreamRequest(
    path.replace(".v1.", `.${version}.`),
    requestSerialize,
    responseDeserialize,
  );
  return new Promise((resolve, reject) => {
    stream.on("error", reject).on("data", (answer: ServerReflectionResponse) => {
      resolve(answer);
      stream.end();
    });
    stream.write({ host: "", ...request });
  });
}

test("a server says that it serves, as a whole and each service", async () => {
  const { port } = await startTestServer();
  expect(await health(port, "")).toBe(1);
  expect(await health(port, "waybill.groupings.v1.ProfileService")).toBe(1);
  await expect(health(port, "waybill.orders.v1.OrderService")).rejects.toMatchObject({ code: 5 });
});

test.each(["v1", "v1alpha"])("reflection (%s) lists the services of this server", async (version) => {
  const { port } = await startTestServer();
  const { list_services_response } = await reflect(port, { list_services: "*" }, version);
  expect(list_services_response?.service.map(({ name }) => name)).toEqual([
    "waybill.groupings.v1.ProfileService",
    "grpc.health.v1.Health",
  ]);
});

test.each<[string, Partial<ServerReflectionRequest>]>([
  ["its symbol", { file_containing_symbol: "waybill.options.v1.FieldRules" }],
  ["its path", { file_by_filename: "waybill/options/v1/options.proto" }],
  [
    "an extension in it",
    {
      file_containing_extension: { containing_type: "google.protobuf.FieldOptions", extension_number: RULES },
    },
  ],
])("reflection gives a file by %s, with what it imports", async (_, request) => {
  const { port } = await startTestServer();
  const { file_descriptor_response } = await reflect(port, request);
  const [file, ...imported] = file_descriptor_response!.file_descriptor_proto.map(String);
  expect(file).toContain("FieldRules");
  expect(imported.join()).toContain("google/protobuf/descriptor.proto");
});

test("reflection tells a message's extensions; a message without any has none, and is found", async () => {
  const { port } = await startTestServer();
  const numbers = async (type: string) =>
    (await reflect(port, { all_extension_numbers_of_type: type })).all_extension_numbers_response;
  expect((await numbers("google.protobuf.FieldOptions"))?.extension_number).toContain(RULES);
  // grpcurl asks so before it shows the details of an error.
  expect(await numbers("google.rpc.ErrorInfo")).toMatchObject({ extension_number: [] });
});

test.each<Partial<ServerReflectionRequest>>([
  { file_containing_symbol: "waybill.groupings.v1.Nobody" },
  { file_by_filename: "nobody.proto" },
  { file_containing_extension: { containing_type: "google.protobuf.FieldOptions", extension_number: 1 } },
  { all_extension_numbers_of_type: "waybill.groupings.v1.Nobody" },
  {},
])("what nothing declares is not found by reflection: %o", async (request) => {
  const { port } = await startTestServer();
  expect(await reflect(port, request)).toMatchObject({
    original_request: request,
    error_response: { error_code: 5 },
  });
});

test("the deadline, the tenant and the ids of a call reach its handler", async () => {
  const createProfile = vi.fn<ProfileHandlers["createProfile"]>(async () => ({ profile: null }));
  const { port } = await startTestServer({ createProfile });
  const options = within(3_000);
  await profilesAt(port).createProfile(ada, options);
  const [, , call] = createProfile.mock.calls[0]!;
  expect(call).toMatchObject({ tenantId: "t1", requestId: "r1", traceparent: options.traceparent });
  expect(Math.abs(call.deadline - options.deadline)).toBeLessThan(500);
});

test("a call whose answer does not come in time ends at its deadline", async () => {
  const hanging = Promise.withResolvers<never>();
  onTestFinished(() => hanging.reject(new Error("ended")));
  const { port } = await startTestServer({ getProfile: () => hanging.promise });
  const from = performance.now();
  const refusal = profilesAt(port).getProfile({ id: 1 }, within(300));
  await expect(refusal).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED", retryAfterMs: 1_000 });
  expect(performance.now() - from).toBeLessThan(2_000);
});

test("when the connection breaks, a harmless call is repeated and any other is refused as unknown", async () => {
  const calls = { created: 0, got: 0 };
  const never = new Promise<never>(() => undefined);
  const server = await startTestServer({
    createProfile: () => {
      calls.created += 1;
      line.cut();
      return never;
    },
    getProfile: async () => {
      calls.got += 1;
      if (calls.got === 1) line.cut();
      return calls.got === 1 ? never : { profile: null };
    },
  });
  const line = await startCuttable(server.port);
  const profiles = profilesAt(line.port);
  await expect(profiles.createProfile(ada, within(5_000))).rejects.toMatchObject({
    code: "DEPENDENCY_UNAVAILABLE",
  });
  expect(calls.created).toBe(1);
  await profiles.getProfile({ id: 1 }, within(5_000));
  expect(calls.got).toBe(2);
  expect(calls.created).toBe(1);
});

test("a peer that is not there is a refusal to repeat, and found within 2 s once it is", async () => {
  const first = await startTestServer();
  const profiles = profilesAt(first.port);
  await profiles.createProfile(ada, within(2_000));
  await first[Symbol.asyncDispose]();
  const down = await profiles
    .createProfile(ada, within(2_000))
    .catch((error: unknown) => error as DomainError);
  expect(down).toMatchObject({ code: "DEPENDENCY_UNAVAILABLE", retryAfterMs: 2_000 });
  expect((down as DomainError).message).not.toContain("127.0.0.1");
  await startTestServer({}, first.port);
  const back = () => profiles.createProfile(ada, within(1_000));
  await vi.waitFor(back, { timeout: 2_000, interval: 20 });
});

test("a server that stops lets a call in flight finish, and takes no new one", async () => {
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const server = await startTestServer({
    createProfile: async () => {
      started.resolve();
      await release.promise;
      return { profile: { id: 7 } };
    },
  });
  const inFlight = profilesAt(server.port).createProfile(ada, within(5_000));
  await started.promise;
  const stopped = server[Symbol.asyncDispose]();
  const late = profilesAt(server.port).getProfile({ id: 1 }, within(2_000));
  await expect(late).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
  release.resolve();
  expect(await inFlight).toMatchObject({ profile: { id: 7 } });
  await stopped;
});

test("a taken port is an error that names the setting", async () => {
  const { port } = await startTestServer();
  await expect(startTestServer({}, port)).rejects.toThrow("GRPC_PORT");
});
