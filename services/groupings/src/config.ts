import { serviceConfig, serviceSettings, type ServiceConfig } from "@waybill/service/config.ts";
import { z } from "zod";

/** The settings of the groupings service. */
export const settings = z.object(serviceSettings("groupings", 50053));

export function toConfig(read: z.output<typeof settings>): ServiceConfig {
  return serviceConfig("groupings", read);
}
