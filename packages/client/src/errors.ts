/** One wrong place of a request: in its body (a JSON pointer), a path or query parameter, or a header. */
export interface ProblemPlace {
  pointer?: string;
  parameter?: string;
  header?: string;
  code: string;
  detail: string;
}

/** A problem details object (RFC 9457), as the API answers it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  /** Such as `ORDER_NOT_FOUND`. */
  code: string;
  detail: string;
  /** What the caller can do. */
  action: string;
  request_id: string;
  errors: ProblemPlace[];
}

/** Whatever this client throws because of an answer, or for lack of one. */
export abstract class WaybillError extends Error {}

/** A refusal by the API. Every code has a class of its own, such as `OrderNotFoundError`. */
export class ApiError extends WaybillError {
  override readonly name: string = "ApiError";
  readonly status: number;
  readonly code: string;
  /** What the caller can do. */
  readonly action: string;
  /** For the log, and for whoever helps. */
  readonly requestId: string;
  /** Every wrong place, if the request broke a rule. */
  readonly errors: readonly ProblemPlace[];
  /** How long the API asks to wait before a repeat; null if it says nothing. */
  readonly retryAfterMs: number | null;

  constructor(problem: Problem, retryAfterMs: number | null) {
    super(`${problem.code}: ${problem.detail}${placesOf(problem.errors)}`);
    this.status = problem.status;
    this.code = problem.code;
    this.action = problem.action;
    this.requestId = problem.request_id;
    this.errors = problem.errors;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An answer that is not the API's: of a proxy, or of another server. */
export class UnexpectedAnswerError extends WaybillError {
  override readonly name = "UnexpectedAnswerError";
  readonly status: number;
  readonly retryAfterMs: number | null;

  constructor(status: number, retryAfterMs: number | null, detail: string) {
    super(`HTTP ${status}: ${detail}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer: the server was not reached, or the connection broke. The outcome is unknown. */
export class ConnectionError extends WaybillError {
  override readonly name: string = "ConnectionError";
}

/** No answer in time. The outcome is unknown. */
export class AttemptTimeoutError extends ConnectionError {
  override readonly name = "AttemptTimeoutError";
}

const PLACES_SHOWN = 5;

function placesOf(errors: readonly ProblemPlace[]): string {
  const shown = errors.slice(0, PLACES_SHOWN).map(({ pointer, parameter, header, detail }) => {
    return `${parameter ?? header ?? (pointer || "the body")} ${detail}`;
  });
  const more = errors.length - shown.length;
  return shown.length === 0 ? "" : ` (${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""})`;
}
