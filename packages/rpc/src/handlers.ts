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

/** One function per RPC: the service's context, the valid request, the call. Throws DomainErrors to refuse. */
export type Handlers<Context, Definition> = {
  [Name in keyof Definition]: (
    context: Context,
    request: RequestOf<Definition[Name]>,
    call: Call,
  ) => Promise<ResponseOf<Definition[Name]>>;
};

/** A service of the protos with the handlers that implement it, bound to their context. */
export interface Implementation {
  definition: ServiceDefinition;
  handlers: Record<string, (request: unknown, call: Call) => Promise<unknown>>;
}

/** Binds handlers to their context. A missing handler is a type error. */
export function implement<Context, Definition extends ServiceDefinition>(
  definition: Definition,
  handlers: Handlers<Context, Definition>,
  context: Context,
): Implementation {
  const bound = Object.entries<(context: Context, request: never, call: Call) => Promise<unknown>>(
    handlers as never,
  ).map(
    ([name, handle]) =>
      [name, (request: unknown, call: Call) => handle(context, request as never, call)] as const,
  );
  return { definition, handlers: Object.fromEntries(bound) };
}
