import { catalogue } from "@waybill/errors/catalogue.ts";

/** The TypeScript of `gen/errors.ts`: a class for every code. */
export function errorsSource(): string {
  const rows = Object.entries(catalogue);
  const classes = rows.map(
    ([code, { http, title, action }]) =>
      `/** ${http}: ${title.replaceAll("*/", "* /")}. ${action.replaceAll("*/", "* /")} */\n` +
      `export class ${className(code)} extends ApiError {\n  override readonly name = "${className(code)}";\n}\n`,
  );
  return [
    'import { ApiError, type Problem } from "../errors.ts";\n',
    ...classes,
    "/** The class of each code. */",
    "const classes: Readonly<Record<string, new (problem: Problem, retryAfterMs: number | null) => ApiError>> = {",
    ...rows.map(([code]) => `  ${code}: ${className(code)},`),
    "};\n",
    "/** A problem as the error of its code; of a code that this client does not know yet, an `ApiError`. */",
    "export function toApiError(problem: Problem, retryAfterMs: number | null): ApiError {",
    "  return new (classes[problem.code] ?? ApiError)(problem, retryAfterMs);",
    "}\n",
  ].join("\n");
}

/** `ORDER_NOT_FOUND` is `OrderNotFoundError`. */
function className(code: string): string {
  const words = code.split("_").map((word) => word[0] + word.slice(1).toLowerCase());
  return `${words.join("")}Error`;
}
