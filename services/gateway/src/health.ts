import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthService,
} from "@waybill/proto/grpc/health/v1/health.ts";
import type { Channel } from "@waybill/rpc/client.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";
import type { Peers } from "./peers.ts";

/** How the processes behind the gateway are, by name. */
export interface Health {
  status: "ok" | "unavailable";
  services: Record<string, "ok" | "unavailable">;
}

const CHECK_TIMEOUT_MS = 1_000;

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
    const options = { ...caller, deadline: Date.now() + CHECK_TIMEOUT_MS };
    const answer = (await channel.call(HealthService.check, { service: "" }, options)) as HealthCheckResponse;
    return answer.status === HealthCheckResponse_ServingStatus.SERVING;
  } catch {
    return false;
  }
}
