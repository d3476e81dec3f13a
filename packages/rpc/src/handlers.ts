import type { ServiceDefinition } from "@grpc/grpc-js";
import type { DomainError } from "@waybill/errors/domain-error.ts";
import type { Caller } from "./metadata.ts";

/** What every handler knows of its call. */
export interface AdmittedCall extends Caller {
  /** When the caller stops waiting: milliseconds since the epoch. */
  deadline: number;
  /**
   * For a batch: the records that break a rule of the proto, by their index. The handler gets them too, and
   * answers for each.
   */
  failures: ReadonlyMap<number, DomainError>;
}

/** What the handler of one answer knows of its call. */
export interface Call extends AdmittedCall {
  /**
   * The caller's key for this call. Only a method that recognizes repeats by itself (IDEMPOTENT in the proto)
   * has a use for it: for any other the service answers repeats, and the handler does not see them.
   */
  idempotencyKey: string | null;
  /** Notes that the answer is that of an earlier call with the same key. */
  markReplay: () => void;
}

/** The request type of a method. */
export type RequestOf<Method> = Method extends { requestDeserialize: (value: Buffer) => infer Request }
  ? Request
  : never;

/** The response type of a method. */
export type ResponseOf<Method> = Method extends { responseDeserialize: (value: Buffer) => infer Response }
  ? Response
  : never;

/** What the handler of a stream knows of its call. */
export interface StreamCall extends AdmittedCall {
  /**
   * Aborted when nobody reads on: the caller is gone, its deadline or the stream's time is over, or the
   * service stops. The handler must then end: the caller has been told already.
   */
  signal: AbortSignal;
}

/** Answers with one message. Throws DomainErrors to refuse. */
export type UnaryHandler<Request = unknown, Response = unknown> = (
  request: Request,
  call: Call,
) => Promise<Response>;

/**
 * Answers with a stream of messages: an async generator, which is asked for the next one when the caller has
 * room for it. Throws DomainErrors to refuse, or to end the stream.
 */
export type StreamHandler<Request = unknown, Response = unknown> = (
  request: Request,
  call: StreamCall,
) => AsyncIterable<Response>;

/** The handler of a method, which streams if the proto says so. */
type HandlerOf<Method> = Method extends { responseStream: true }
  ? StreamHandler<RequestOf<Method>, ResponseOf<Method>>
  : UnaryHandler<RequestOf<Method>, ResponseOf<Method>>;

/** One function per RPC: the service's context, the valid request, the call. */
export type Handlers<Context, Definition> = {
  [Name in keyof Definition]: (
    context: Context,
    ...args: Parameters<HandlerOf<Definition[Name]>>
  ) => ReturnType<HandlerOf<Definition[Name]>>;
};

/** A service of the protos with the handlers that implement it, bound to their context. */
export interface Implementation {
  definition: ServiceDefinition;
  handlers: Record<string, UnaryHandler | StreamHandler>;
}

/** Binds handlers to their context. A missing handler is a type error. */
export function implement<Context, Definition extends ServiceDefinition>(
  definition: Definition,
  handlers: Handlers<Context, Definition>,
  context: Context,
): Implementation {
  const bound = Object.entries<(context: Context, request: never, call: never) => never>(
    handlers as never,
  ).map(
    ([name, handle]) =>
      [name, (request: unknown, call: unknown) => handle(context, request as never, call as never)] as const,
  );
  return { definition, handlers: Object.fromEntries(bound) };
}
