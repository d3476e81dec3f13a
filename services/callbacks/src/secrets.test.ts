import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createVault, newSigningSecret } from "./secrets.ts";

const vault = createVault(randomBytes(32));

describe("a sealed text", () => {
  it("opens to itself under its owner, and tells nothing", () => {
    const sealed = vault.seal("whsec_ZoëZoë", "c1");
    expect(vault.open(sealed, "c1")).toBe("whsec_ZoëZoë");
    expect(Buffer.from(sealed.slice(3), "base64").toString()).not.toContain("whsec");
    expect(vault.seal("whsec_ZoëZoë", "c1")).not.toBe(sealed);
  });

  it.each([
    ["another owner", (sealed: string) => vault.open(sealed, "c2")],
    ["another key", (sealed: string) => createVault(randomBytes(32)).open(sealed, "c1")],
    ["a changed text", (sealed: string) => vault.open(`${sealed.slice(0, -4)}AAA=`, "c1")],
    ["a cut text", (sealed: string) => vault.open(sealed.slice(0, 10), "c1")],
  ])("does not open for %s", (_, open) =>
    expect(() => open(vault.seal("secret", "c1"))).toThrow(/unable to authenticate|tag/i),
  );
});

it("a signing secret is whsec_ and the base64 of 32 random bytes", () => {
  const secret = newSigningSecret();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(newSigningSecret()).not.toBe(secret);
});
