import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { ClientSession } from "mongodb";
import type { CallbackDocument, RegistrationPlan } from "./callback.ts";
import type { CallbacksContext } from "./context.ts";

/** The collection that makes registering of one tenant come one after another. */
export const tenantsCollection: CollectionDeclaration = { name: "tenants", indexes: [] };

/** Registers what `plan` decides on the tenant's registrations, all or nothing. `plan` may run several times. */
export function registerCallbacks(
  { client, callbacks, tenants }: CallbacksContext,
  tenantId: string,
  plan: (existing: CallbackDocument[]) => RegistrationPlan,
): Promise<RegistrationPlan> {
  return inTransaction(client, async (session) => {
    await tenants.updateOne({ _id: tenantId }, { $inc: { registered: 1 } }, { upsert: true, session });
    const decided = plan(await callbacks.find({ tenant_id: tenantId }, { session }).toArray());
    if (decided.inserted.length > 0) await callbacks.insertMany(decided.inserted, { session });
    for (const { _id, token } of decided.retokened)
      await callbacks.updateOne({ _id, tenant_id: tenantId }, { $set: { token } }, { session });
    return decided;
  });
}

/** A page of a tenant's registrations, the newest first. */
export function listCallbackDocuments(
  { callbacks }: CallbacksContext,
  tenantId: string,
  { offset, limit }: { offset: number; limit: number },
): Promise<CallbackDocument[]> {
  return callbacks.find({ tenant_id: tenantId }).sort({ _id: -1 }).skip(offset).limit(limit).toArray();
}

/** Removes registrations of the tenant; answers which of the ids were there. */
export async function deleteCallbackDocuments(
  { callbacks }: CallbacksContext,
  tenantId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const filter = { _id: { $in: [...ids] }, tenant_id: tenantId };
  const found = await callbacks.find(filter).project<{ _id: string }>({ _id: 1 }).toArray();
  await callbacks.deleteMany(filter);
  return new Set(found.map(({ _id }) => _id));
}

/** A registration by its id alone; null if it was deleted. */
export function getCallbackDocument(
  { callbacks }: CallbacksContext,
  id: string,
): Promise<CallbackDocument | null> {
  return callbacks.findOne({ _id: id });
}

/** The registrations that get these messages of these tenants. */
export function findCallbacksFor(
  { callbacks }: CallbacksContext,
  tenantIds: string[],
  messageTypes: string[],
  session: ClientSession,
): Promise<CallbackDocument[]> {
  return callbacks
    .find({ tenant_id: { $in: tenantIds }, message_type: { $in: messageTypes } }, { session })
    .toArray();
}

/** Disables a registration: nothing is sent to it any more, its deliveries are parked. */
export async function disableCallback({ callbacks }: CallbacksContext, id: string): Promise<void> {
  await callbacks.updateOne({ _id: id }, { $set: { status: "disabled" } });
}
