import { readSettings } from "@waybill/process/settings.ts";
import { describe, expect, it } from "vitest";
import { settings, toConfig } from "./config.ts";

const inProcessCancel = (setting?: string) =>
  toConfig(readSettings(settings, setting === undefined ? {} : { IN_PROCESS_CANCEL: setting }))
    .inProcessCancel;

describe("IN_PROCESS_CANCEL", () => {
  it.each<[string | undefined, boolean, [string, boolean][]]>([
    [undefined, true, []],
    ["deny", false, []],
    ["allow,acme=deny", true, [["acme", false]]],
    [
      "deny,acme=allow,be_ta-2=deny",
      false,
      [
        ["acme", true],
        ["be_ta-2", false],
      ],
    ],
  ])("%s", (setting, allowed, tenants) => {
    expect(inProcessCancel(setting)).toEqual({ allowed, byTenant: new Map(tenants) });
  });

  it.each(["", "yes", "acme=deny", "allow,acme", "allow,acme=maybe", "allow, acme=deny"])(
    "%j is refused at the start",
    (setting) => expect(() => inProcessCancel(setting)).toThrow("IN_PROCESS_CANCEL"),
  );
});
