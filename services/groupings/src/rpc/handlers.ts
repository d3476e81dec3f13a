import type { GroupingServiceService } from "@waybill/proto/groupings/v1/groupings.ts";
import type { OrderGroupServiceService } from "@waybill/proto/groupings/v1/order_groups.ts";
import type { ProfileServiceService } from "@waybill/proto/groupings/v1/profiles.ts";
import type { Handlers } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { createGroupingItems } from "./create-grouping-items.ts";
import { createGroupings } from "./create-groupings.ts";
import { createOrderGroup } from "./create-order-group.ts";
import { createProfile } from "./create-profile.ts";
import { deleteGroupingItem } from "./delete-grouping-item.ts";
import { deleteGrouping } from "./delete-grouping.ts";
import { getGroupingItem } from "./get-grouping-item.ts";
import { getGrouping } from "./get-grouping.ts";
import { getOrderGroup } from "./get-order-group.ts";
import { getProfile } from "./get-profile.ts";
import { listGroupingItems } from "./list-grouping-items.ts";
import { listGroupings } from "./list-groupings.ts";
import { listOrderGroups } from "./list-order-groups.ts";
import { listProfiles } from "./list-profiles.ts";
import { rebuildGroupings } from "./rebuild-groupings.ts";
import { recordPayment } from "./record-payment.ts";
import { updateGroupingItem } from "./update-grouping-item.ts";
import { updateGrouping } from "./update-grouping.ts";
import { updateGroupings } from "./update-groupings.ts";
import { updateOrderGroup } from "./update-order-group.ts";
import { updateProfile } from "./update-profile.ts";

export const profileHandlers: Handlers<GroupingsContext, typeof ProfileServiceService> = {
  createProfile,
  getProfile,
  listProfiles,
  updateProfile,
};

export const groupingHandlers: Handlers<GroupingsContext, typeof GroupingServiceService> = {
  createGroupingItems,
  createGroupings,
  deleteGrouping,
  deleteGroupingItem,
  getGrouping,
  getGroupingItem,
  listGroupingItems,
  listGroupings,
  rebuildGroupings,
  updateGrouping,
  updateGroupingItem,
  updateGroupings,
};

export const orderGroupHandlers: Handlers<GroupingsContext, typeof OrderGroupServiceService> = {
  createOrderGroup,
  getOrderGroup,
  listOrderGroups,
  recordPayment,
  updateOrderGroup,
};
