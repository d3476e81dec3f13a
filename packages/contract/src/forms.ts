import countries from "i18n-iso-countries/index.js";

/** A named form of a string (`format` in the field rules). */
interface Form {
  /** The canonical spelling, or null if the text does not have the form. */
  canonical: (text: string) => string | null;
  /** Ends the sentence "must be …". */
  description: string;
}

const currencies = new Set(Intl.supportedValuesOf("currency"));
const dateTimePattern = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
/** Behind the seconds of a date-time. */
const SECONDS_END = 19;
const EARLIEST_MS = Date.parse("0000-01-01T00:00:00.000Z");
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");
const utcPattern = /T.+Z$/;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const decimalPattern = /^\d{1,15}(\.\d{1,12})?$/;

/** The forms by name. */
export const forms: Readonly<Record<string, Form>> = {
  "date-time": {
    canonical: canonicalDateTime,
    description: "an RFC 3339 date-time, such as 2018-08-01T00:00:00Z",
  },
  uuid: {
    canonical: (text) => (uuidPattern.test(text) ? text.toLowerCase() : null),
    description: "a UUID",
  },
  // Waybill's ids are in lower case; a text that is none of them is nobody's id, and not found.
  id: {
    canonical: (text) => text.toLowerCase(),
    description: "an id",
  },
  country: {
    canonical: (text) =>
      text.length === 2 && countries.isValid(text) && text === text.toUpperCase() ? text : null,
    description: "an ISO 3166 alpha-2 country code, such as US",
  },
  currency: {
    canonical: (text) => (currencies.has(text) ? text : null),
    description: "an ISO 4217 currency code, such as EUR",
  },
  decimal: {
    canonical: (text) => (decimalPattern.test(text) ? canonicalDecimal(text) : null),
    description: 'a decimal in a string, such as "21.56", of at most 15 digits before and 12 after the point',
  },
};

function canonicalDateTime(text: string): string | null {
  const match = dateTimePattern.exec(text);
  if (!match) return null;
  if (utcPattern.test(text)) return canonicalUtc(text);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // Date would take the 30th of February for the 2nd of March.
  const daysInMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth || hour > 23 || minute > 59 || second > 59)
    return null;
  const time = Date.parse(text.replace(" ", "T").toUpperCase());
  // An offset can carry the first and the last year out of the four digits of RFC 3339.
  return time >= EARLIEST_MS && time <= LATEST_MS ? new Date(time).toISOString() : null;
}

/** A day that does not exist comes back as another one. */
function canonicalUtc(text: string): string | null {
  const time = Date.parse(text);
  const canonical = Number.isNaN(time) ? "" : new Date(time).toISOString();
  return canonical.startsWith(text.slice(0, SECONDS_END)) ? canonical : null;
}

/** The shortest spelling with at least one fraction digit, as 003 Line items has them: "75453.0", "21.56". */
function canonicalDecimal(text: string): string {
  const [whole = "0", fraction = ""] = text.split(".");
  return `${whole.replace(/^0+(?=\d)/, "")}.${fraction.replace(/0+$/, "") || "0"}`;
}
