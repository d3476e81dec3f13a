import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { forms } from "./forms.ts";

const canonical = (form: string, text: string) => forms[form]!.canonical(text);

describe("a date-time is stored in UTC with milliseconds", () => {
  it.each([
    ["2018-08-01T00:00:00Z", "2018-08-01T00:00:00.000Z"],
    ["2018-08-01t12:34:56z", "2018-08-01T12:34:56.000Z"],
    ["2018-08-01 12:34:56Z", "2018-08-01T12:34:56.000Z"],
    ["2018-08-01T00:00:00-00:00", "2018-08-01T00:00:00.000Z"],
    ["2018-08-01T00:30:00+02:00", "2018-07-31T22:30:00.000Z"],
    ["2018-12-31T23:59:59-05:30", "2019-01-01T05:29:59.000Z"],
    ["2018-08-01T00:00:00.5Z", "2018-08-01T00:00:00.500Z"],
    ["2018-08-01T00:00:00.123456789Z", "2018-08-01T00:00:00.123Z"],
    ["2020-02-29T00:00:00Z", "2020-02-29T00:00:00.000Z"],
    ["2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ])("%s is %s", (text, stored) => expect(canonical("date-time", text)).toBe(stored));

  it.each([
    "",
    "2018-08-01",
    "2018-08-01T00:00:00",
    "2018-08-01T00:00Z",
    "20180801T000000Z",
    "2018-8-1T00:00:00Z",
    "2018-08-01T00:00:00.Z",
    "2018-08-01T00:00:00+0200",
    "2018-08-01T00:00:00+24:00",
    "2018-08-01T00:00:00+02:60",
    "2018-08-01T24:00:00Z",
    "2018-08-01T00:60:00Z",
    "2016-12-31T23:59:60Z",
    "2018-13-01T00:00:00Z",
    "2018-00-01T00:00:00Z",
    "2018-01-00T00:00:00Z",
    "2018-02-30T00:00:00Z",
    "2018-04-31T00:00:00Z",
    "2018-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "12018-08-01T00:00:00Z",
    " 2018-08-01T00:00:00Z",
    "2018-08-01T00:00:00Z\n",
    "٢٠١٨-08-01T00:00:00Z",
    "1533081600",
  ])("%j is none", (text) => expect(canonical("date-time", text)).toBeNull());

  test("whatever its offset, it is the same moment", () => {
    const moments = fc.date({
      min: new Date("0001-01-02T00:00:00Z"),
      max: new Date("9999-12-30T00:00:00Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, fc.integer({ min: -1439, max: 1439 }), (moment, minutes) => {
        expect(canonical("date-time", atOffset(moment, minutes))).toBe(moment.toISOString());
      }),
    );
  });

  it.each(["0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00Z"])(
    "%s is refused or becomes a date-time again, never a year of six digits",
    (text) => {
      const stored = canonical("date-time", text);
      const again = stored === null ? null : canonical("date-time", stored);
      expect(again).toBe(stored);
    },
  );
});

function atOffset(moment: Date, minutes: number): string {
  const local = new Date(moment.getTime() + minutes * 60_000).toISOString().slice(0, -1);
  const two = (value: number) => String(value).padStart(2, "0");
  const distance = Math.abs(minutes);
  return `${local}${minutes < 0 ? "-" : "+"}${two(Math.floor(distance / 60))}:${two(distance % 60)}`;
}

describe("a UUID", () => {
  test("of any case is stored in lower case", () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        expect(canonical("uuid", uuid.toUpperCase())).toBe(uuid);
        expect(canonical("uuid", uuid)).toBe(uuid);
      }),
    );
  });

  it.each([
    "",
    "0189d1c2",
    "{0189d1c2-7e4b-7000-8000-000000000000}",
    "0189d1c27e4b70008000000000000000",
    "0189d1c2-7e4b-7000-8000-00000000000g",
    "0189d1c2-7e4b-7000-8000-000000000000\n",
  ])("is not %j", (text) => expect(canonical("uuid", text)).toBeNull());
});

test.each([
  ["0189D1C2-7E4B-7000-8000-00000000000A", "0189d1c2-7e4b-7000-8000-00000000000a"],
  ["0189D1C2-7E4B-7000-8000-00000000000A.B", "0189d1c2-7e4b-7000-8000-00000000000a.b"],
  ["1000000000", "1000000000"],
  ["nobody's", "nobody's"],
])("an id of any case is taken in lower case, and what is none stays a text: %s", (text, id) => {
  expect(canonical("id", text)).toBe(id);
});

describe("a country is an ISO 3166 alpha-2 code in upper case", () => {
  it.each(["US", "DE", "GB", "IO"])("%s", (code) => expect(canonical("country", code)).toBe(code));
  it.each(["", "us", "Us", "USA", "840", "08", "ZZ", "UK", "U", "US ", "constructor"])("not %j", (text) =>
    expect(canonical("country", text)).toBeNull(),
  );
});

describe("a currency is an ISO 4217 code in upper case", () => {
  it.each(["EUR", "USD", "JPY", "KWD"])("%s", (code) => expect(canonical("currency", code)).toBe(code));
  it.each(["", "eur", "EURO", "€", "978", "ZZZ", "EUR "])("not %j", (text) =>
    expect(canonical("currency", text)).toBeNull(),
  );
});

describe("a decimal", () => {
  const decimals = fc.stringMatching(/^\d{1,15}(\.\d{1,12})?$/);

  test("keeps its value, in one spelling: the shortest with a fraction digit", () => {
    fc.assert(
      fc.property(decimals, (text) => {
        const stored = canonical("decimal", text)!;
        expect(scaled(stored)).toBe(scaled(text));
        expect(stored).toMatch(/^(0|[1-9]\d*)\.(0|\d*[1-9])$/);
        expect(canonical("decimal", stored)).toBe(stored);
      }),
    );
  });

  it.each([
    ["21.56", "21.56"],
    ["75453", "75453.0"],
    ["224200.000", "224200.0"],
    ["007.50", "7.5"],
    ["0", "0.0"],
    ["000.000", "0.0"],
    ["0.000000000001", "0.000000000001"],
  ])("%s is stored as %s", (text, stored) => expect(canonical("decimal", text)).toBe(stored));

  it.each([
    "",
    ".5",
    "5.",
    "1,5",
    "-1",
    "+1",
    "1e5",
    "0x10",
    "1 000",
    "NaN",
    "1234567890123456",
    "0.1234567890123",
    "١",
  ])("is not %j", (text) => expect(canonical("decimal", text)).toBeNull());
});

/** The value in units of 10⁻¹². */
function scaled(text: string): bigint {
  const [whole, fraction = ""] = text.split(".");
  return BigInt(whole! + fraction.padEnd(12, "0"));
}
