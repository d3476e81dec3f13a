import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { DomainError, unavailable } from "@waybill/errors/domain-error.ts";
import { ProfileServiceService } from "@waybill/proto/groupings/v1/profiles.ts";
import { expect, onTestFinished, test, vi } from "vitest";
import { toMetadata } from "../src/metadata.ts";
import { fromServiceError } from "../src/status.ts";
import { ada, profilesAt, startTestServer, within, type ProfileHandlers } from "./harness.ts";

/** What a call gets that is made without our client. */
function callBare(port: number, metadata: Metadata, deadline?: number): Promise<ServiceError | null> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => client.close());
  const { path, requestSerialize, responseDeserialize } = ProfileServiceService.createProfile;
  const options = deadline === undefined ? {} : { deadline };
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, ada, metadata, options, resolve);
  });
}

test("a call without a deadline is refused, and its handler does not run", async () => {
  const createProfile = vi.fn<ProfileHandlers["createProfile"]>();
  const { port } = await startTestServer({ createProfile });
  const error = await callBare(port, toMetadata(within(0)));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(fromServiceError(error!, "groupings")).toMatchObject({ code: "DEADLINE_REQUIRED" });
  expect(createProfile).not.toHaveBeenCalled();
});

test.each([undefined, "", "a b", "x".repeat(65)])("a call whose tenant is %j is refused", async (tenant) => {
  const createProfile = vi.fn<ProfileHandlers["createProfile"]>();
  const { port } = await startTestServer({ createProfile });
  const metadata = new Metadata();
  if (tenant !== undefined) metadata.set("waybill-tenant-id", tenant);
  const error = await callBare(port, metadata, Date.now() + 5_000);
  expect(error).toMatchObject({ code: status.UNAUTHENTICATED });
  expect(createProfile).not.toHaveBeenCalled();
});

test("a request that breaks the proto's rules comes back with each place, and its handler does not run", async () => {
  const createProfile = vi.fn<ProfileHandlers["createProfile"]>();
  const { port } = await startTestServer({ createProfile });
  const refusal = profilesAt(port).createProfile(
    { profile: { first_name: "x".repeat(256), id: 3 } },
    within(5_000),
  );
  await expect(refusal).rejects.toMatchObject({
    code: "INVALID_REQUEST",
    violations: expect.arrayContaining([
      expect.objectContaining({ pointer: "/profile/first_name", code: "OUT_OF_RANGE" }),
      expect.objectContaining({ pointer: "/profile/last_name", code: "REQUIRED" }),
      expect.objectContaining({ pointer: "/profile/id", code: "UNKNOWN_KEY" }),
    ]),
  });
  expect(createProfile).not.toHaveBeenCalled();
});

test("a refusal arrives with its code, sentence, places and time to wait", async () => {
  const violations = [{ pointer: "/profile/é", code: "BAD_FORMAT", detail: "must be ünique" }] as const;
  const createProfile = () =>
    Promise.reject(new DomainError("DUPLICATE_SKU", "taken: ü", { violations, retryAfterMs: 1_250 }));
  const { port } = await startTestServer({ createProfile });
  const refusal = profilesAt(port).createProfile(ada, within(5_000));
  const expected = {
    name: "DomainError",
    code: "DUPLICATE_SKU",
    message: "taken: ü",
    violations,
    retryAfterMs: 1_250,
  };
  await expect(refusal).rejects.toMatchObject(expected);
});

test("a refusal with more places than a header holds still arrives", async () => {
  const violation = { code: "BAD_FORMAT", detail: "must be something else entirely ".repeat(5) } as const;
  const violations = Array.from({ length: 1_000 }, (_, index) => ({
    ...violation,
    pointer: `/orders/${index}`,
  }));
  const createProfile = () => Promise.reject(new DomainError("INVALID_REQUEST", undefined, { violations }));
  const { port } = await startTestServer({ createProfile });
  const refusal = await profilesAt(port)
    .createProfile(ada, within(5_000))
    .catch((error: unknown) => error as DomainError);
  expect(refusal).toMatchObject({ code: "INVALID_REQUEST" });
  expect((refusal as DomainError).violations[0]).toMatchObject({ pointer: "/orders/0" });
});

test("an error that nobody foresaw is INTERNAL, and its text neither leaves the service nor is logged", async () => {
  const createProfile = () =>
    Promise.reject(new TypeError("secret-4711", { cause: new RangeError("secret-4712") }));
  const { port, lines } = await startTestServer({ createProfile });
  const error = await callBare(port, toMetadata(within(0)), Date.now() + 5_000);
  expect(error).toMatchObject({ code: status.INTERNAL });
  expect(JSON.stringify([error, error!.message, error!.metadata.toJSON()])).not.toContain("secret");
  expect(Buffer.concat(error!.metadata.get("grpc-status-details-bin") as Buffer[]).toString()).not.toContain(
    "secret",
  );
  expect(JSON.stringify(lines)).not.toContain("secret");
  expect(lines).toEqual([
    expect.objectContaining({
      status: "INTERNAL",
      error: "TypeError",
      cause: "RangeError",
      request_id: "r1",
    }),
  ]);
  expect(lines[0]!["stack"]).toContain("refusals.test.ts");
});

test("each call is one line with its ids, an answered and a refused one alike", async () => {
  const getProfile = () => Promise.reject(new DomainError("PROFILE_NOT_FOUND"));
  const { port, lines } = await startTestServer({ getProfile });
  const profiles = profilesAt(port);
  await profiles.createProfile(ada, within(5_000));
  await profiles.getProfile({ id: 9 }, within(5_000)).catch(() => undefined);
  const path = "/waybill.groupings.v1.ProfileService/";
  expect(lines).toMatchObject([
    { msg: "rpc.call", method: `${path}CreateProfile`, tenant_id: "t1", request_id: "r1", status: "OK" },
    { msg: "rpc.call", method: `${path}GetProfile`, status: "NOT_FOUND", code: "PROFILE_NOT_FOUND" },
  ]);
  expect(JSON.stringify(lines)).not.toContain("Lovelace");
});

test("a peer that answers that its own dependency is down is not asked again, even for a harmless method", async () => {
  const down = vi.fn<ProfileHandlers["getProfile"]>(() =>
    Promise.reject(unavailable("the database does not answer")),
  );
  const { port } = await startTestServer({ getProfile: down });
  await expect(profilesAt(port).getProfile({ id: 1 }, within(5_000))).rejects.toMatchObject({
    code: "DEPENDENCY_UNAVAILABLE",
    message: "the database does not answer",
    retryAfterMs: 2_000,
  });
  expect(down).toHaveBeenCalledTimes(1);
});
