import { Big } from "big.js";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { priceLine, toDecimal, type PricedLine } from "./price.ts";

const line: PricedLine = {
  unitPrice: "1",
  quantity: 1,
  priceUnitsPerUnit: 1,
  taxRate: null,
  currency: "EUR",
};
const decimals = fc.stringMatching(/^(0|[1-9]\d{0,9})(\.\d{1,6})?$/);
const quantities = fc.integer({ min: 1, max: 9_999_999_999 });

describe("the numbers of 003 Line items", () => {
  it.each([
    ["22.42", 10_000, 1, "224200.0"],
    ["503.02", 1, 15, "7545.3"],
    ["503.02", 10, 15, "75453.0"],
  ])("%s × %i × %i = %s", (unitPrice, quantity, priceUnitsPerUnit, net) =>
    expect(priceLine({ ...line, unitPrice, quantity, priceUnitsPerUnit }).total_net_price).toBe(net),
  );
});

test("taxes are rounded to the cent, gross is net plus taxes", () => {
  expect(priceLine({ ...line, unitPrice: "24.99", taxRate: "10.75" })).toEqual({
    total_net_price: "24.99",
    taxes: "2.69",
    total_gross_price: "27.68",
  });
});

describe("half a minor unit is rounded up, after the multiplication", () => {
  it.each<[facts: Partial<PricedLine>, net: string]>([
    [{ unitPrice: "0.005" }, "0.01"],
    [{ unitPrice: "0.004999999999" }, "0.0"],
    [{ unitPrice: "1.005", quantity: 1 }, "1.01"],
    [{ unitPrice: "1.005", quantity: 2 }, "2.01"],
    [{ unitPrice: "0.001", quantity: 1000 }, "1.0"],
    [{ unitPrice: "10.5", currency: "JPY" }, "11.0"],
    [{ unitPrice: "10.4", currency: "JPY", quantity: 2 }, "21.0"],
    [{ unitPrice: "1.2345", currency: "KWD" }, "1.235"],
    [{ unitPrice: "1.2344", currency: "KWD" }, "1.234"],
  ])("%j: %s", (facts, net) => expect(priceLine({ ...line, ...facts }).total_net_price).toBe(net));
});

test("taxes have the currency's minor unit too", () => {
  expect(priceLine({ ...line, unitPrice: "105", taxRate: "10", currency: "JPY" }).taxes).toBe("11.0");
  expect(priceLine({ ...line, unitPrice: "1.005", taxRate: "10", currency: "KWD" }).taxes).toBe("0.101");
});

test("a currency has the minor unit of ISO 4217", () => {
  const spellings = {
    "1.0": ["JPY", "KRW", "CLP", "ISK", "VND", "XOF", "UGX"],
    "1.11": ["EUR", "USD", "GBP", "CHF", "SEK", "RSD", "TWD", "HUF", "IDR", "COP", "PKR", "ALL"],
    "1.111": ["KWD", "BHD", "JOD", "OMR", "TND", "IQD"],
  };
  const wrong = Object.entries(spellings).flatMap(([net, currencies]) =>
    currencies.filter(
      (currency) => priceLine({ ...line, unitPrice: "1.1111", currency }).total_net_price !== net,
    ),
  );
  expect(wrong).toEqual([]);
});

test("without a price there is nothing to pay, without a tax rate no taxes and no gross", () => {
  const none = { total_net_price: null, taxes: null, total_gross_price: null };
  expect(priceLine({ ...line, unitPrice: null, taxRate: "19.0" })).toEqual(none);
  expect(priceLine({ ...line, unitPrice: "5" })).toEqual({ ...none, total_net_price: "5.0" });
});

test("a price of 0 and a rate of 0 are a price and a rate", () => {
  expect(priceLine({ ...line, unitPrice: "0.0", taxRate: "0.0" })).toEqual({
    total_net_price: "0.0",
    taxes: "0.0",
    total_gross_price: "0.0",
  });
});

test("the largest quantities and prices keep every digit", () => {
  const largest = {
    unitPrice: "999999999999999.99",
    quantity: 9_999_999_999,
    priceUnitsPerUnit: 9_999_999_999,
  };
  const net = (99_999_999_999_999_999n * 9_999_999_999n * 9_999_999_999n).toString();
  expect(priceLine({ ...line, ...largest }).total_net_price).toBe(`${net.slice(0, -2)}.${net.slice(-2)}`);
});

test("no float error: every line is what whole numbers give", () => {
  fc.assert(
    fc.property(
      decimals,
      quantities,
      quantities,
      fc.stringMatching(/^\d{1,2}(\.\d{1,4})?$/),
      fc.constantFrom(["JPY", 0] as const, ["EUR", 2] as const, ["KWD", 3] as const),
      (unitPrice, quantity, priceUnitsPerUnit, taxRate, [currency, digits]) => {
        const [price, priceScale] = scaled(unitPrice);
        const [rate, rateScale] = scaled(taxRate);
        const net = divideHalfUp(
          price * BigInt(quantity) * BigInt(priceUnitsPerUnit) * 10n ** BigInt(digits),
          priceScale,
        );
        const taxes = divideHalfUp(net * rate, rateScale * 100n);
        expect(priceLine({ unitPrice, quantity, priceUnitsPerUnit, taxRate, currency })).toEqual({
          total_net_price: spell(net, digits),
          taxes: spell(taxes, digits),
          total_gross_price: spell(net + taxes, digits),
        });
      },
    ),
    { numRuns: 1_000 },
  );
});

test("a decimal is spelled without exponent, with at least one fraction digit", () => {
  expect(toDecimal(new Big("1e30"))).toBe(`1${"0".repeat(30)}.0`);
  expect(toDecimal(new Big("0.000000001"))).toBe("0.000000001");
  expect(toDecimal(new Big("7545.30"))).toBe("7545.3");
});

/** A decimal as a whole number, and what it is to be divided by. */
function scaled(text: string): [bigint, bigint] {
  const [whole, fraction = ""] = text.split(".");
  return [BigInt(whole! + fraction), 10n ** BigInt(fraction.length)];
}

function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend * 2n + divisor) / (divisor * 2n);
}

function spell(minorUnits: bigint, digits: number): string {
  const text = minorUnits.toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  return `${whole}.${text.slice(whole.length).replace(/0+$/, "") || "0"}`;
}
