import { Big } from "big.js";

/** What a line costs; null where there is no price, or no tax rate. Decimals in strings. */
interface LinePrice {
  total_net_price: string | null;
  taxes: string | null;
  total_gross_price: string | null;
}

/** The facts a line's price follows from. */
export interface PricedLine {
  /** The confirmed price, else the catalog price, of one priced unit: a decimal. */
  unitPrice: string | null;
  quantity: number;
  priceUnitsPerUnit: number;
  /** Percent: a decimal. */
  taxRate: string | null;
  /** ISO 4217. */
  currency: string;
}

/** ISO 4217's minor units where they are not 2. Intl has those of everyday use, which differ. */
const minorUnitExceptions = new Map([
  ...["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"].map((code) => [code, 0] as const),
  ...["UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"].map((code) => [code, 0] as const),
  ...["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"].map((code) => [code, 3] as const),
  ...["CLF", "UYW"].map((code) => [code, 4] as const),
]);

/**
 * 003 Line items, rules 12 to 14 of the design: net = unit price × quantity × priced units per unit, taxes =
 * net × rate / 100, gross = net + taxes, each rounded half up to the currency's minor unit.
 */
export function priceLine({
  unitPrice,
  quantity,
  priceUnitsPerUnit,
  taxRate,
  currency,
}: PricedLine): LinePrice {
  if (unitPrice === null) return { total_net_price: null, taxes: null, total_gross_price: null };
  const digits = minorUnitDigits(currency);
  const net = new Big(unitPrice).times(quantity).times(priceUnitsPerUnit).round(digits, Big.roundHalfUp);
  if (taxRate === null) return { total_net_price: toDecimal(net), taxes: null, total_gross_price: null };
  const taxes = net.times(taxRate).div(100).round(digits, Big.roundHalfUp);
  return {
    total_net_price: toDecimal(net),
    taxes: toDecimal(taxes),
    total_gross_price: toDecimal(net.plus(taxes)),
  };
}

/** The shortest spelling with at least one fraction digit: "224200.0", "7545.3". */
export function toDecimal(value: Big): string {
  const text = value.toFixed();
  return text.includes(".") ? text : `${text}.0`;
}

function minorUnitDigits(currency: string): number {
  return minorUnitExceptions.get(currency) ?? 2;
}
