import { serviceConfig, serviceSettings, type ServiceConfig } from "@waybill/service/config.ts";
import { count, flag, text } from "@waybill/process/settings.ts";
import { z } from "zod";
import type { MoveFacts } from "./legality.ts";

/** The settings of the orders service. */
export const settings = z.object({
  ...serviceSettings("orders", 50051),
  LINE_ITEMS_ADDRESS: text("127.0.0.1:50052", "the line-items service: host:port, or dns:///name:port"),
  SANDBOX: flag("true: orders may be moved on by /data_factory, for trying things out"),
  GROUPS_IN_FLIGHT: count(3, 1, 16, "groups of creates that one tenant may have in flight"),
  GROUP_ORDERS_MAX: count(500, 1, 1_000, "orders that are gathered into one group"),
  WAITING_ORDERS_MAX: count(20_000, 1_000, 1_000_000, "orders that may wait for a group; more get 429"),
  IN_PROCESS_CANCEL: z
    .string()
    .regex(
      /^(allow|deny)(,[\w-]{1,64}=(allow|deny))*$/,
      "must be allow or deny, then tenant=allow or tenant=deny",
    )
    .default("allow")
    .describe("allow or deny: whether requests cancel orders in process; then exceptions, as tenant=deny"),
  WATCHERS_MAX: count(16, 1, 32, "streams of WatchOrders at once; more get RESOURCE_EXHAUSTED"),
});

export interface OrdersConfig extends ServiceConfig {
  lineItemsAddress: string;
  sandbox: boolean;
  watchersMax: number;
  creation: { inFlightMax: number; groupMax: number; waitingMax: number };
  inProcessCancel: InProcessCancel;
}

/** Whether cancel requests cancel orders that are in process. */
export interface InProcessCancel {
  allowed: boolean;
  /** The tenants for which it is otherwise. */
  byTenant: ReadonlyMap<string, boolean>;
}

/** What the setting decides about the moves of a tenant's orders. */
export function moveFacts({ allowed, byTenant }: InProcessCancel, tenantId: string): MoveFacts {
  return { cancelsInProcess: byTenant.get(tenantId) ?? allowed };
}

export function toConfig(read: z.output<typeof settings>): OrdersConfig {
  return {
    ...serviceConfig("orders", read),
    lineItemsAddress: read.LINE_ITEMS_ADDRESS,
    sandbox: read.SANDBOX,
    watchersMax: read.WATCHERS_MAX,
    creation: {
      inFlightMax: read.GROUPS_IN_FLIGHT,
      groupMax: read.GROUP_ORDERS_MAX,
      waitingMax: read.WAITING_ORDERS_MAX,
    },
    inProcessCancel: toInProcessCancel(read.IN_PROCESS_CANCEL),
  };
}

function toInProcessCancel(setting: string): InProcessCancel {
  const [rule, ...exceptions] = setting.split(",");
  const byTenant = exceptions.map((exception) => exception.split("=") as [string, string]);
  return { allowed: rule === "allow", byTenant: new Map(byTenant.map(([id, one]) => [id, one === "allow"])) };
}
