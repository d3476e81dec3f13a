import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The small HTTP server that tells an operator how a process is. */
interface AdminServer extends AsyncDisposable {
  port: number;
}

/** Null, or the reason why a process is not ready. Never rejects. */
export type Readiness = () => Promise<string | null> | string | null;

/**
 * Starts it: `/livez` answers while the event loop turns and checks nothing else; `/readyz` asks `ready`,
 * which answers null or the reason why not.
 */
export async function startAdmin(host: string, port: number, ready: Readiness): Promise<AdminServer> {
  const server = createServer((request, response) => {
    void answer(request.url, ready).then(([status, text]) => {
      response.writeHead(status, { "content-type": "text/plain" });
      response.end(`${text}\n`);
    });
  });
  await listen(server, host, port, "ADMIN_PORT");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(url: string | undefined, ready: Readiness): Promise<[status: number, text: string]> {
  if (url === "/livez") return [200, "ok"];
  if (url !== "/readyz") return [404, "no such page"];
  const reason = await ready();
  return reason === null ? [200, "ok"] : [503, reason];
}

/** Listens, or fails with an error that names the setting of the port. */
export async function listen(server: Server, host: string, port: number, setting: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(portError(error, port, setting)));
    server.listen(port, host, resolve);
  });
}

function portError(error: NodeJS.ErrnoException, port: number, setting: string): Error {
  if (error.code !== "EADDRINUSE") return error;
  return new Error(`port ${port} is taken; set ${setting} to another`, { cause: error });
}
