import { MongoServerError } from "mongodb";
import { expect, it } from "vitest";
import { mongoFailure } from "./failures.ts";

it.each([
  ["OutOfDiskSpace", 14_031],
  ["MaxTimeMSExpired", 50],
  ["Interrupted", 11_601],
  ["NotWritablePrimary", 10_107],
  ["UnsatisfiableWriteConcern", 100],
  ["TemporarilyUnavailable", 365],
])("%s says that the database is down for now", (_, code) => {
  expect(mongoFailure(new MongoServerError({ code, message: "" }))).toMatchObject({
    code: "DEPENDENCY_UNAVAILABLE",
    retryAfterMs: 2_000,
  });
});

it.each([
  ["BadValue", 2],
  ["DuplicateKey", 11_000],
  ["DocumentValidationFailure", 121],
])("%s says nothing of the kind", (_, code) => {
  expect(mongoFailure(new MongoServerError({ code, message: "" }))).toBeNull();
});
