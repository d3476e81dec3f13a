import { DomainError } from "@waybill/errors/domain-error.ts";
import {
  changeAggregate,
  stamped,
  updateAggregate,
  writeAggregates,
  type AggregateStore,
  type Decision,
} from "@waybill/events/aggregates.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { ClientSession } from "mongodb";
import type { CallbackDocument, RegistrationPlan } from "./callback.ts";
import type { CallbacksContext } from "./context.ts";
import { createHold, type HoldDocument } from "./hold.ts";

/** See `changeTenant`. */
export const tenantsCollection: CollectionDeclaration = { name: "tenants", indexes: [] };

/** Whose registrations or holds are changed, in which call. */
interface TenantCall {
  tenantId: string;
  traceparent: string;
}

/** Registers what `plan` decides on the tenant's registrations and holds, all or nothing. `plan` may run several times. */
export function registerCallbacks(
  context: CallbacksContext,
  { tenantId, traceparent }: TenantCall,
  plan: (existing: CallbackDocument[], heldTypes: ReadonlySet<string>) => RegistrationPlan,
): Promise<RegistrationPlan> {
  const { callbacks, holds } = context;
  return changeTenant(context, tenantId, async (session) => {
    const existing = await callbacks.find({ tenant_id: tenantId }, { session }).toArray();
    const held = await holds.find({ tenant_id: tenantId }, { session }).toArray();
    const decided = plan(existing, new Set(held.map(({ message_type }) => message_type)));
    const written = [...decided.inserted, ...decided.changed.map(stamped)];
    await writeAggregates(storeOf(context), written.map(withoutEvents), traceparent, session);
    return decided;
  });
}

function withoutEvents(state: CallbackDocument): Decision<CallbackDocument> {
  return { state, events: [] };
}

/** Which registration is changed, in which call. */
interface CallbackName extends TenantCall {
  id: string;
}

/** Changes a registration as `decide` says, which may run several times. Throws `CALLBACK_NOT_FOUND`. */
export function changeCallbackDocument(
  context: CallbacksContext,
  { tenantId, id, traceparent }: CallbackName,
  decide: (found: CallbackDocument, all: readonly CallbackDocument[]) => Decision<CallbackDocument>,
): Promise<CallbackDocument> {
  return changeTenant(context, tenantId, async (session) => {
    const all = await context.callbacks.find({ tenant_id: tenantId }, { session }).toArray();
    const named = { _id: id, tenant_id: tenantId };
    const changing = (found: CallbackDocument) => decide(found, all);
    const changed = await changeAggregate(storeOf(context), named, changing, traceparent, session);
    if (changed === null) throw new DomainError("CALLBACK_NOT_FOUND");
    return changed;
  });
}

function storeOf({ client, callbacks, outbox }: StatusContext): AggregateStore<CallbackDocument> {
  return { client, collection: callbacks, outbox };
}

/**
 * Runs a change that goes by several of a tenant's registrations and holds: such changes come one after
 * another. `work` may run several times.
 */
function changeTenant<Result>(
  { client, tenants }: CallbacksContext,
  tenantId: string,
  work: (session: ClientSession) => Promise<Result>,
): Promise<Result> {
  return inTransaction(client, async (session) => {
    await tenants.updateOne({ _id: tenantId }, { $inc: { changes: 1 } }, { upsert: true, session });
    return work(session);
  });
}

/** Holds these message types of the tenant; one that is held already stays so. */
export function holdTypes(context: CallbacksContext, call: TenantCall, types: string[]): Promise<void> {
  const now = new Date().toISOString();
  return changeTenant(context, call.tenantId, async (session) => {
    for (const type of types) {
      const { _id, ...hold } = createHold(call.tenantId, type, now);
      await context.holds.updateOne({ _id }, { $setOnInsert: hold }, { upsert: true, session });
    }
    await markHeld(context, call, { types, held: true }, session);
  });
}

/** Lifts holds. The registrations of these types have to be woken. */
export function liftHolds(context: CallbacksContext, call: TenantCall, types: string[]): Promise<void> {
  return changeTenant(context, call.tenantId, async (session) => {
    const filter = { tenant_id: call.tenantId, message_type: { $in: types } };
    await context.holds.deleteMany(filter, { session });
    await markHeld(context, call, { types, held: false }, session);
  });
}

async function markHeld(
  context: CallbacksContext,
  { tenantId, traceparent }: TenantCall,
  { types, held }: { types: string[]; held: boolean },
  session: ClientSession,
): Promise<void> {
  const others = { tenant_id: tenantId, message_type: { $in: types }, held: !held };
  const found = await context.callbacks.find(others, { session }).toArray();
  const marked = found.map((callback) => withoutEvents({ ...stamped(callback), held }));
  await writeAggregates(storeOf(context), marked, traceparent, session);
}

/** A tenant's holds, by message type; that of one type if one is named. */
export function listHoldDocuments(
  { holds }: CallbacksContext,
  tenantId: string,
  messageType?: string | null,
): Promise<HoldDocument[]> {
  const filter = { tenant_id: tenantId, ...(messageType ? { message_type: messageType } : {}) };
  return holds.find(filter).sort({ message_type: 1 }).toArray();
}

/** A page of a tenant's registrations, the newest first. */
export function listCallbackDocuments(
  { callbacks }: CallbacksContext,
  tenantId: string,
  { offset, limit }: { offset: number; limit: number },
): Promise<CallbackDocument[]> {
  return callbacks.find({ tenant_id: tenantId }).sort({ _id: -1 }).skip(offset).limit(limit).toArray();
}

/** All registrations of a tenant, at most CALLBACKS_MAX. */
export function listTenantCallbacks(
  { callbacks }: CallbacksContext,
  tenantId: string,
): Promise<CallbackDocument[]> {
  return callbacks.find({ tenant_id: tenantId }).toArray();
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
  { callbacks }: Pick<CallbacksContext, "callbacks">,
  id: string,
): Promise<CallbackDocument | null> {
  return callbacks.findOne({ _id: id });
}

/** The registrations that get these messages of these tenants. */
export function findCallbacksFor(
  { callbacks }: Pick<CallbacksContext, "callbacks">,
  tenantIds: string[],
  messageTypes: string[],
): Promise<CallbackDocument[]> {
  const filter = { tenant_id: { $in: tenantIds }, message_type: { $in: messageTypes } };
  return callbacks.find(filter).toArray();
}

type StatusContext = Pick<CallbacksContext, "client" | "callbacks" | "outbox">;

/** Changes a registration's status as `decide` says; not at all if it was deleted, or `decide` answers null. */
export async function changeCallbackStatus(
  context: StatusContext,
  id: string,
  traceparent: string,
  decide: (found: CallbackDocument) => Decision<CallbackDocument> | null,
): Promise<void> {
  const changing = (state: CallbackDocument) => decide(state) ?? { state, events: [] };
  await updateAggregate(storeOf(context), { _id: id }, changing, traceparent);
}
