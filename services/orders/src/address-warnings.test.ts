import { anOrder } from "@waybill/dev-env/records.ts";
import { expect, test } from "vitest";
import { addressWarnings } from "./address-warnings.ts";

const shippedTo = (country: string, postalCode: string, phone: string | null = null) =>
  addressWarnings(
    anOrder("A-1", {
      shipping_address_country_code: country,
      shipping_address_postal_code: postalCode,
      shipping_address_phone_number: phone,
    }),
  );

test.each([
  ["US", "07972", "973-999-3333"],
  ["US", "07972-1234", "(973) 999-3333 ext. 12"],
  ["DE", "10115", "+49 30 901820"],
  ["DE", "10115", "030 901820"],
  ["GB", "SW1A 1AA", "020 7946 0958"],
  ["NL", "1011 AB", "+1 973-999-3333"],
  ["AO", "none there", null],
  ["AQ", "anything", "12"],
])("nothing is doubtful about %s, %s, %s", (country, postalCode, phone) => {
  expect(shippedTo(country, postalCode, phone)).toEqual([]);
});

test.each([
  ["US", "0797", null, ["shipping_address_postal_code does not look like a postal code of US"]],
  ["DE", "SW1A 1AA", null, ["shipping_address_postal_code does not look like a postal code of DE"]],
  [
    "US",
    "07972",
    "12",
    ["shipping_address_phone_number does not look like a phone number of US or with its +code"],
  ],
  [
    "FR",
    "7972",
    "call me",
    [
      "shipping_address_postal_code does not look like a postal code of FR",
      "shipping_address_phone_number does not look like a phone number of FR or with its +code",
    ],
  ],
])("%s with %s and %s is told as doubtful, without the values", (country, postalCode, phone, warnings) => {
  expect(shippedTo(country, postalCode, phone)).toEqual(warnings);
});

test("the billing address is looked at in the same way", () => {
  expect(addressWarnings(anOrder("A-1", { billing_address_postal_code: "x" }))).toEqual([
    "billing_address_postal_code does not look like a postal code of US",
  ]);
});
