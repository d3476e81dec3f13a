import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { CallbackHold } from "@waybill/proto/callbacks/v1/callbacks.ts";

/**
 * A tenant keeps back the webhooks of one message type: they are stored, and sent in their order once it is
 * lifted. Registrations carry it as `held`, so that sending reads one document; both change in one transaction.
 */
export interface HoldDocument {
  /** `<tenant_id>/<message_type>`. */
  _id: string;
  tenant_id: string;
  message_type: string;
  /** RFC 3339, UTC. */
  created_at: string;
}

export const holdsCollection: CollectionDeclaration = {
  name: "holds",
  indexes: [{ name: "by_tenant", key: { tenant_id: 1, message_type: 1 } }],
};

export function createHold(tenantId: string, messageType: string, now: string): HoldDocument {
  return {
    _id: `${tenantId}/${messageType}`,
    tenant_id: tenantId,
    message_type: messageType,
    created_at: now,
  };
}

export function toCallbackHold({ message_type, created_at }: HoldDocument): CallbackHold {
  return { message_type, created_at };
}
