import type { ServiceDefinition } from "@grpc/grpc-js";
import { methods, type Method } from "@waybill/contract/methods.ts";
import { services } from "@waybill/proto/services.ts";
import { openChannel, type CallOptions, type Channel } from "@waybill/rpc/client.ts";

/** Which process serves a proto package. */
const processes = {
  "waybill.orders.v1": "orders",
  "waybill.line_items.v1": "line-items",
  "waybill.groupings.v1": "groupings",
  "waybill.callbacks.v1": "callbacks",
} as const;

type PeerName = (typeof processes)[keyof typeof processes];

/** Where each process listens: `host:port`, or `dns:///name:port` for several instances. */
export type Addresses = Readonly<Record<PeerName, string>>;

/** Calls one method; rejects with DomainErrors only. */
export type CallMethod = (request: unknown, options: CallOptions) => Promise<unknown>;

/** The processes behind the gateway. */
export interface Peers extends Disposable {
  /** The channels to those that serve a route. */
  channels: ReadonlyMap<PeerName, Channel>;
  /** How a method is called. Throws if no process serves its package. */
  caller: (method: Method) => CallMethod;
}

/** Opens a channel to each process that serves a route. Connects when first called. */
export function openPeers(addresses: Addresses): Peers {
  const names = new Set(methods.filter(({ routes }) => routes.length > 0).map(peerOf));
  const channels = new Map([...names].map((name) => [name, openChannel(name, addresses[name])]));
  return {
    channels,
    caller: (method) => {
      const channel = channels.get(peerOf(method))!;
      const definition = definitionOf(method);
      return (request, options) => channel.call(definition, request, options);
    },
    [Symbol.dispose]: () => channels.forEach((channel) => channel[Symbol.dispose]()),
  };
}

function peerOf({ service }: Method): PeerName {
  const name = new Map<string, PeerName>(Object.entries(processes)).get(
    service.slice(0, service.lastIndexOf(".")),
  );
  if (name === undefined) throw new Error(`no process serves the proto package of ${service}`);
  return name;
}

function definitionOf({ service, path }: Method): ServiceDefinition[string] {
  const definition = new Map<string, ServiceDefinition>(Object.entries(services)).get(service);
  const found = definition && Object.values(definition).find((method) => method.path === path);
  if (!found) throw new Error(`${path} is not generated; run codegen`);
  return found;
}
