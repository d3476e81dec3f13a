import { catalogue } from "@waybill/errors/catalogue.ts";

/** docs/errors.md: what an error tells, and a section for every code of the catalogue. */
export function errorsGuide(): string {
  const sections = Object.entries(catalogue).map(
    ([code, { title, action, http, grpc }]) =>
      `## ${code}\n\n${title}. ${action}\n\nHTTP ${http}, gRPC \`${grpc}\`.\n`,
  );
  return `${head}\n${sections.join("\n")}`;
}

const head = `# Errors

Every refusal says what happened, where, and what you can do; over REST as a problem (RFC 9457, \`application/problem+json\`):

| key | what it tells |
| --- | --- |
| \`code\` | which error it is, one of those below; decide by this one |
| \`status\` | the HTTP status |
| \`title\`, \`action\` | what the code means, and what you can do |
| \`detail\` | what happened to this request |
| \`errors\` | every place that is wrong: \`pointer\` (into the body as you sent it), \`parameter\` or \`header\`, each with its own \`code\` and \`detail\` |
| \`request_id\` | the \`X-Request-Id\` of the answer: name it when you ask for help |
| \`type\` | the section of this page |

The same codes are in the results of batches (\`code\`, \`reason\`, \`pointer\`), in gRPC (\`google.rpc.ErrorInfo\`) and in dead letters. New codes may come at any time: fall back to the status.

**Repeat** 429 and 503 after \`Retry-After\`, and 409 with \`CONFLICT\` or \`IDEMPOTENCY_KEY_IN_USE\`; no other 4xx gets better by itself. A POST is safe to repeat with its \`Idempotency-Key\`.

\`\`\`sh
api /orders/unknown
\`\`\`

\`\`\`json
{ "status": 404, "code": "ORDER_NOT_FOUND", "type": "/docs/errors/ORDER_NOT_FOUND", "errors": [] }
\`\`\`
`;
