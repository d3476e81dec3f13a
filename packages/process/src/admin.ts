import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** The small HTTP server that tells an operator how a process is. */
export interface AdminServer extends AsyncDisposable {
  port: number;
}

/**
 * Starts it: `/livez` answers while the event loop turns and checks nothing else; `/readyz` asks `ready`,
 * which answers null or the reason why not.
 */
export async function startAdmin(
  host: string,
  port: number,
  ready: () => Promise<string | null> | string | null,
): Promise<AdminServer> {
  const server = createServer(async (request, response) => {
    const reason = request.url === "/livez" ? null : request.url === "/readyz" ? await ready() : "no such page";
    const missing = reason === "no such page";
    response.writeHead(missing ? 404 : reason === null ? 200 : 503, { "content-type": "text/plain" });
    response.end(`${reason ?? "ok"}\n`);
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

/** Listens, or fails with an error that names the setting of the port. */
export async function listen(
  server: import("node:http").Server,
  host: string,
  port: number,
  setting: string,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(portError(error, port, setting)));
    server.listen(port, host, resolve);
  });
}

function portError(error: NodeJS.ErrnoException, port: number, setting: string): Error {
  if (error.code !== "EADDRINUSE") return error;
  return new Error(`port ${port} is taken; set ${setting} to another`, { cause: error });
}
