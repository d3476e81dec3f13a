import type { ProfileServiceService } from "@waybill/proto/groupings/v1/profiles.ts";
import type { Handlers } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { createProfile } from "./create-profile.ts";
import { getProfile } from "./get-profile.ts";
import { listProfiles } from "./list-profiles.ts";
import { updateProfile } from "./update-profile.ts";

export const profileHandlers: Handlers<GroupingsContext, typeof ProfileServiceService> = {
  createProfile,
  getProfile,
  listProfiles,
  updateProfile,
};
