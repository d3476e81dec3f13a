import type { MethodDefinition } from "@grpc/grpc-js";
import type { Channel } from "@waybill/rpc/client.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";
import type { Peers } from "./peers.ts";

/** How the processes behind the gateway are, by name. */
export interface Health {
  status: "ok" | "unavailable";
  services: Record<string, "ok" | "unavailable">;
}

const CHECK_TIMEOUT_MS = 1_000;

/** Check of grpc.health.v1: asks for the whole server (an empty message), answers whether it serves. */
const healthCheck: MethodDefinition<null, boolean> = {
  path: "/grpc.health.v1.Health/Check",
  requestStream: false,
  responseStream: false,
  requestSerialize: () => Buffer.alloc(0),
  requestDeserialize: () => null,
  responseSerialize: (serving) => Buffer.from([8, serving ? 1 : 2]),
  // Field 1 is the status; 1 is SERVING.
  responseDeserialize: (bytes) => bytes[0] === 8 && bytes[1] === 1,
};

/** Asks every peer whether it serves, for a second at most. */
export async function peersHealth({ channels }: Peers): Promise<Health> {
  const answers = await Promise.all(
    [...channels].map(async ([name, channel]) => [name, await serves(channel)] as const),
  );
  const services = Object.fromEntries(
    answers.map(([name, ok]) => [name, ok ? "ok" : "unavailable"] as const),
  );
  return { status: answers.every(([, ok]) => ok) ? "ok" : "unavailable", services };
}

async function serves(channel: Channel): Promise<boolean> {
  const caller = { tenantId: "", requestId: requestIdOr(undefined), traceparent: traceparentOr(undefined) };
  try {
    return (
      (await channel.call(healthCheck, null, { ...caller, deadline: Date.now() + CHECK_TIMEOUT_MS })) === true
    );
  } catch {
    return false;
  }
}
