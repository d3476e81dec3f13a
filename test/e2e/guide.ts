/** A fenced block of a guide: a sample to run, or what the sample before it promises to print. */
interface Block {
  language: string;
  text: string;
  line: number;
}

const BESIDE = " in another terminal";
const runnable = new Set(["sh", "js", `sh${BESIDE}`]);
const promised = new Set(["json", "text", `text${BESIDE}`]);

/** Whether a block is of a second terminal, which runs on while the guide goes on in the first. */
export function isBeside(language: string): boolean {
  return language.endsWith(BESIDE);
}

/** A sample of a guide, with what it promises. */
export interface Sample extends Block {
  promise: Block | null;
}

/** The samples of a guide, in their order. Throws for a block of which nothing is known. */
export function samplesOf(markdown: string): Sample[] {
  const samples: Sample[] = [];
  for (const block of blocksOf(markdown)) {
    if (runnable.has(block.language)) samples.push({ ...block, promise: null });
    else if (promised.has(block.language) && samples.length > 0) samples.at(-1)!.promise = block;
    else throw new Error(`line ${block.line}: a block that is neither run nor promised`);
  }
  return samples;
}

/**
 * The blocks of a guide, but for those that show a file, such as `js verify.mjs`, whose files have tests, and for
 * what is in the first terminal: it has been done already.
 */
function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```([^\n]*)\n([^]*?)^```$/gm)]
    .map((match) => ({
      language: match[1]!,
      text: match[2]!,
      line: markdown.slice(0, match.index).split("\n").length,
    }))
    .filter(({ language }) => isBeside(language) || (!language.includes(" ") && language !== ""));
}

/**
 * Whether what was printed keeps a promise: JSON by its keys, "…" for any text; text line by line, but for spaces
 * (versions of grpcurl set them differently).
 */
export function keeps({ language, text }: Block, output: string): boolean {
  if (language === "json") {
    const values = jsonValues(output);
    return values.length > 0 && matches(JSON.parse(text), values.at(-1));
  }
  const linesOf = (printed: string) =>
    printed
      .trim()
      .replaceAll(/[^\S\n]/g, "")
      .split("\n");
  const lines = linesOf(output);
  return linesOf(text).every((line) => lines.some((printed) => printed.includes(line)));
}

/** The last line that is a JSON value, or the last value over several lines. */
function jsonValues(output: string): unknown[] {
  const whole = parsed(output);
  if (whole !== undefined) return [whole];
  const compact = output.split("\n").flatMap((line) => parsed(line) ?? []);
  if (compact.length > 0) return compact;
  // grpcurl prints objects over several lines, one after the other.
  return output.split(/^(?=\{)/m).flatMap((part) => parsed(part) ?? []);
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function matches(wanted: unknown, got: unknown): boolean {
  if (wanted === "…") return typeof got === "string" && got !== "";
  if (Array.isArray(wanted))
    return (
      Array.isArray(got) && got.length === wanted.length && wanted.every((one, at) => matches(one, got[at]))
    );
  if (typeof wanted !== "object" || wanted === null) return wanted === got;
  if (typeof got !== "object" || got === null) return false;
  return Object.entries(wanted).every(([key, value]) =>
    matches(value, (got as Record<string, unknown>)[key]),
  );
}
