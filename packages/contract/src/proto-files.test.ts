import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { extensionNumbers, fileNamed, fileOfSymbol } from "./proto-files.ts";

const names = (files: Buffer[] | undefined) =>
  files?.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);

test.each([
  ["a service", "waybill.groupings.v1.ProfileService", "waybill/groupings/v1/profiles.proto"],
  ["a method", "waybill.groupings.v1.ProfileService.GetProfile", "waybill/groupings/v1/profiles.proto"],
  ["a message", "google.rpc.BadRequest.FieldViolation", "google/rpc/error_details.proto"],
  ["a field", "google.rpc.ErrorInfo.reason", "google/rpc/error_details.proto"],
  ["a oneof", "google.api.HttpRule.pattern", "google/api/http.proto"],
  ["an enum", "grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"],
  ["an enum's value", "grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto"],
  ["an extension", "google.api.http", "google/api/annotations.proto"],
])("%s is found in its file", (_, symbol, path) => {
  expect(names(fileOfSymbol(symbol))?.[0]).toBe(path);
});

test("a file comes once, with all that it imports, directly or not", () => {
  const files = names(fileNamed("waybill/groupings/v1/profiles.proto"))!;
  expect(files).toEqual([...new Set(files)]);
  expect(files).toEqual(
    expect.arrayContaining(["google/api/http.proto", "google/protobuf/descriptor.proto"]),
  );
});

test("the rules of fields and the routes of methods are in the files", () => {
  const [bytes] = fileOfSymbol("waybill.groupings.v1.ProfileService")!;
  expect(String(bytes)).toContain("/profiles");
});

test("what is not declared is undefined; a message without extensions has none", () => {
  expect(fileNamed("nobody.proto")).toBeUndefined();
  expect(fileOfSymbol("waybill.Nobody")).toBeUndefined();
  expect(extensionNumbers("waybill.Nobody")).toBeUndefined();
  expect(extensionNumbers("google.rpc.ErrorInfo")).toEqual([]);
});
