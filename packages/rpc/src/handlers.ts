import type { ServiceDefinition } from "@grpc/grpc-js";
import type { DomainError } from "@waybill/errors/domain-error.ts";
import type { Caller } from "./metadata.ts";

/** What a handler knows about the call it answers. */
export interface Call extends Caller {
  /** When the caller stops waiting: milliseconds since the epoch. */
  deadline: number;
  /**
   * For a batch: the records that break a rule of the proto, by their index. The handler gets them too, and
   * answers for each.
   */
  failures: ReadonlyMap<number, DomainError>;
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
export interface StreamCall extends Call {
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
  const bound = Object.entries<(context: Context, request: never, call: StreamCall) => never>(
    handlers as never,
  ).map(
    ([name, handle]) =>
      [name, (request: unknown, call: StreamCall) => handle(context, request as never, call)] as const,
  );
  return { definition, handlers: Object.fromEntries(bound) };
}
