import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A way in to several servers on this machine, as a cluster's service or an ingress is one. */
export interface Balancer extends AsyncDisposable {
  url: string;
}

/** Hands each connection to the next of the ports, or, where nobody listens, to the one after it. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    turn += 1;
    const order = ports.map((_, index) => ports[(turn + index) % ports.length]!);
    void firstOf(order).then((peer) => (peer ? join(client, peer) : client.destroy()));
    open.add(client.once("close", () => open.delete(client)).on("error", () => client.destroy()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const client of open) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A connection to the first port on which somebody listens. */
async function firstOf(ports: readonly number[]): Promise<Socket | null> {
  for (const port of ports) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    if (isOpen) return socket;
  }
  return null;
}

/** What one side says the other hears, its end included. */
function join(client: Socket, peer: Socket): void {
  peer.on("error", () => client.destroy());
  peer.once("close", () => client.destroy());
  client.once("close", () => peer.destroy());
  if (client.destroyed) peer.destroy();
  else client.pipe(peer).pipe(client);
}
