import type { Life, OwnedEngine } from "./engine.ts";

/** How to start an engine, again and again. */
interface EnginePlan {
  address: string;
  origin: string;
  ephemeral: boolean;
  /** Starts it and resolves when it answers. When it fails, nothing is left running. */
  live: () => Promise<Life>;
  /** Removes what must not stay after stop(). */
  release: () => Promise<void>;
}

/** Starts the planned engine; rejects if its first life doesn't come to answer. */
export async function ownEngine(plan: EnginePlan): Promise<OwnedEngine> {
  const listeners = new Set<(reason: string) => void>();
  const dismissed = new WeakSet<Life>();
  let current = begin();
  await current;

  async function begin(): Promise<Life> {
    const life = await plan.live();
    void life.ended.then((reason) => {
      if (!dismissed.has(life)) for (const listener of listeners) listener(reason);
    });
    return life;
  }

  async function dismiss(end: (life: Life) => Promise<void>): Promise<void> {
    const life = await current.catch(() => undefined);
    if (!life) return;
    dismissed.add(life);
    await end(life);
  }

  return {
    owned: true,
    address: plan.address,
    origin: plan.origin,
    kill: async () => (await current).kill(),
    restart: async () => {
      current = dismiss((life) => life.stop()).then(begin);
      await current;
    },
    onExit: (listener) => void listeners.add(listener),
    stop: async () => {
      await dismiss((life) => (plan.ephemeral ? life.kill() : life.stop()));
      await plan.release();
    },
  };
}
