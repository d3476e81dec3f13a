import { Resolver } from "node:dns/promises";
import { Socket, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import { isAllowedAddress, type GuardPolicy } from "./guard.ts";
import { watchConnecting } from "./phases.ts";

const CONNECT_MS_MAX = 5_000;
const DNS_MS_MAX = 2_000;
const DNS_TRIES = 2;

/** The host is, or resolves to, an address that webhooks may not go to. */
export class AddressBlocked extends Error {
  override readonly name = "AddressBlocked";
}

/** The host's name has no address, or its name servers do not answer. */
export class NameUnresolved extends Error {
  override readonly name = "NameUnresolved";
}

/** All addresses of a name; rejects if it has none. */
export type Resolve = (hostname: string) => Promise<string[]>;

/**
 * Connects to allowed addresses only: a literal is checked here, since Node looks up no literals; a name's
 * addresses are all checked where they are resolved, and the socket gets exactly those; the peer's address
 * is checked once more when it is connected.
 */
export function guardedConnector(
  policy: GuardPolicy,
  resolve: Resolve = createResolve(),
): buildConnector.connector {
  const connect = buildConnector({
    lookup: guardedLookup(policy, resolve),
    timeout: CONNECT_MS_MAX,
    allowH2: false,
  } as buildConnector.BuildOptions);
  return (options, callback) => {
    const literal = options.hostname.replace(/^\[|\]$/g, "");
    if (/^[\d.]+$|:/.test(literal) && !isAllowedAddress(literal, policy))
      return callback(new AddressBlocked(), null);
    // It answers the socket, though its type does not say so.
    const connecting: unknown = connect(
      options,
      (...[error, socket]: Parameters<buildConnector.Callback>) => {
        if (error) return callback(error, null);
        if (isAllowedAddress(socket!.remoteAddress ?? "", policy)) return callback(null, socket!);
        socket!.destroy();
        callback(new AddressBlocked(), null);
      },
    );
    if (connecting instanceof Socket) watchConnecting(connecting);
  };
}

/** A lookup for sockets; one blocked address blocks the name, so that a mixed answer gains nothing. */
export function guardedLookup(policy: GuardPolicy, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        if (!addresses.every((address) => isAllowedAddress(address, policy)))
          return callback(new AddressBlocked(), "");
        const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
        if (options.all) callback(null, found);
        else callback(null, found[0]!.address, found[0]!.family);
      },
      (error: unknown) => callback(new NameUnresolved("no address", { cause: error }), ""),
    );
  };
}

/**
 * Asks the name servers by c-ares: `dns.lookup` would hold one of libuv's four threads for as long as a slow
 * server takes, and keep every other receiver waiting.
 */
function createResolve(): Resolve {
  const resolver = new Resolver({ timeout: DNS_MS_MAX, tries: DNS_TRIES });
  return async (hostname) => {
    if (hostname === "localhost") return ["127.0.0.1", "::1"];
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const found = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    if (found.length === 0) throw (answers[0] as PromiseRejectedResult).reason;
    return found;
  };
}
