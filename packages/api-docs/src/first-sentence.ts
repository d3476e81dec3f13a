/** The first sentence of a comment, without its full stop. */
export function firstSentence(comment: string): string {
  return (/^.*?[^.]\.(?=\s|$)/.exec(comment)?.[0] ?? comment).replace(/\.$/, "");
}
