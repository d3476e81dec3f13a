import type { Order } from "@waybill/proto/orders/v1/orders.ts";
import { isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/min";
import postalCodes from "validator/lib/isPostalCode.js";

/** An address of an order, as far as it is looked at here. */
interface Address {
  /** What its fields' names begin with. */
  prefix: "shipping_address" | "billing_address";
  country: string | null | undefined;
  postalCode: string | null | undefined;
  phone: string | null | undefined;
}

const { default: isPostalCode, locales } = postalCodes;
/** The countries whose postal codes have a known pattern. */
const patternCountries: ReadonlyMap<string, (typeof locales)[number]> = new Map(
  locales.map((country) => [country, country]),
);

type Addressed = Pick<
  Order,
  `${"shipping" | "billing"}_address_${"country_code" | "postal_code" | "phone_number"}`
>;

/**
 * What looks wrong in the addresses of an order for their countries. Never a refusal: numbering plans change
 * faster than libraries, and the merchant may know better. The sentences do not hold the values.
 */
export function addressWarnings(order: Addressed): string[] {
  const shipping: Address = {
    prefix: "shipping_address",
    country: order.shipping_address_country_code,
    postalCode: order.shipping_address_postal_code,
    phone: order.shipping_address_phone_number,
  };
  const billing: Address = {
    prefix: "billing_address",
    country: order.billing_address_country_code,
    postalCode: order.billing_address_postal_code,
    phone: order.billing_address_phone_number,
  };
  return [shipping, billing].flatMap(warningsOf);
}

function warningsOf({ prefix, country, postalCode, phone }: Address): string[] {
  if (!country) return [];
  const warnings: string[] = [];
  if (postalCode && !isLikelyPostalCode(postalCode, country))
    warnings.push(`${prefix}_postal_code does not look like a postal code of ${country}`);
  if (phone && !isLikelyPhone(phone, country))
    warnings.push(`${prefix}_phone_number does not look like a phone number of ${country} or with its +code`);
  return warnings;
}

function isLikelyPostalCode(postalCode: string, country: string): boolean {
  const known = patternCountries.get(country);
  return known === undefined || isPostalCode(postalCode.trim(), known);
}

function isLikelyPhone(phone: string, country: string): boolean {
  if (!isSupportedCountry(country)) return true;
  return parsePhoneNumberFromString(phone, country)?.isValid() ?? false;
}
