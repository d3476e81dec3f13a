import { GenericContainer, type ContainerRuntimeClient, type WaitStrategy } from "testcontainers";
import { isAlive } from "./child.ts";
import { complaintsIn, discardFolder, freshLog } from "./engine-folder.ts";
import type { Life, OwnedEngine } from "./engine.ts";
import { ownEngine } from "./owned-engine.ts";
import { messageOf } from "./readiness.ts";

type Container = ReturnType<ContainerRuntimeClient["container"]["getById"]>;

/** Where a container sees the engine's folder. */
export const MOUNT = "/waybill";

// They find the container of a killed process at the next start.
const FOLDER_LABEL = "waybill.folder";
const OWNER_LABEL = "waybill.owner";
const STOP_WITHIN_S = 20;

/** An engine to run in a container. */
interface ContainerPlan {
  client: ContainerRuntimeClient;
  image: string;
  /** Program and arguments, in the image's place. */
  command: [string, ...string[]];
  /** Absolute; everything the engine writes, seen by the container as `MOUNT`. */
  folder: string;
  /** The name of its log in the folder. */
  log: string;
  /** The same inside and outside, so that the engine can call itself by the address that clients use. */
  port: number;
  user: string | undefined;
  address: string;
  ephemeral: boolean;
  /** Resolves when a client can use the engine. */
  ready: (life: Life) => Promise<void>;
}

/** Starts the engine in a container that only 127.0.0.1 reaches. When that fails, no container is left. */
export async function ownContainer(plan: ContainerPlan): Promise<OwnedEngine> {
  let container: Container | undefined;
  const live = async () => {
    await freshLog(`${plan.folder}/${plan.log}`);
    if (container) await container.start();
    else container = await createContainer(plan);
    return readyLife(container, plan);
  };
  const release = async () => {
    await container?.remove({ force: true, v: true });
    if (plan.ephemeral) await discardFolder(plan.folder);
  };
  const { address, ephemeral, image } = plan;
  try {
    return await ownEngine({ address, origin: `container of ${image}`, ephemeral, live, release });
  } catch (error) {
    // One that was made but didn't start isn't in our hands yet.
    const failed = container ?? (await plan.client.container.fetchByLabel(FOLDER_LABEL, plan.folder));
    await failed?.remove({ force: true, v: true });
    throw error;
  }
}

/**
 * Removes the container that a killed process left behind on the folder.
 * @throws when the process that started it lives.
 */
export async function removeLeftover(client: ContainerRuntimeClient, folder: string): Promise<void> {
  const leftover = await client.container.fetchByLabel(FOLDER_LABEL, folder);
  if (!leftover) return;
  const owner = Number((await leftover.inspect()).Config.Labels[OWNER_LABEL]);
  if (isAlive(owner)) throw new Error(`${folder} is in use by process ${owner}`);
  await leftover.remove({ force: true, v: true });
}

async function createContainer(plan: ContainerPlan): Promise<Container> {
  const [program, ...args] = plan.command;
  const container = new LoopbackContainer(plan.image)
    .withEntrypoint([program])
    .withCommand(args)
    .withLabels({ [FOLDER_LABEL]: plan.folder, [OWNER_LABEL]: String(process.pid) })
    .withBindMounts([{ source: plan.folder, target: MOUNT, mode: "z" }])
    .withExposedPorts({ container: plan.port, host: plan.port })
    .withWaitStrategy(NO_WAIT);
  if (plan.user !== undefined) container.withUser(plan.user);
  return plan.client.container.getById((await container.start()).getId());
}

// An engine without passwords must not be open to the network, which is what a published port is by itself.
class LoopbackContainer extends GenericContainer {
  protected override async beforeContainerCreated(): Promise<void> {
    const bindings: Record<string, { HostPort?: string }[]> = this.hostConfig.PortBindings;
    const local = Object.entries(bindings).map(([port, hosts]) => [
      port,
      hosts.map((host) => ({ ...host, HostIp: "127.0.0.1" })),
    ]);
    this.hostConfig.PortBindings = Object.fromEntries(local);
  }
}

// The port of a container is open before the engine in it listens, so `ready` asks the engine itself.
const NO_WAIT: WaitStrategy = {
  waitUntilReady: async () => {},
  withStartupTimeout: () => NO_WAIT,
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => 0,
};

async function readyLife(container: Container, plan: ContainerPlan): Promise<Life> {
  const life = lifeOf(container);
  try {
    await plan.ready(life);
    return life;
  } catch (error) {
    await life.kill();
    const said = await complaintsIn(`${plan.folder}/${plan.log}`);
    throw new Error(`the container of ${plan.image} ${messageOf(error)} | ${said}`);
  }
}

function lifeOf(container: Container): Life {
  const ended = container.wait().then(
    ({ StatusCode }: { StatusCode: number }) => `ended with exit code ${StatusCode}`,
    (error: unknown) => `is gone: ${messageOf(error)}`,
  );
  // Both calls reject for a container that doesn't run any more, which is all that is wanted.
  return {
    ended,
    kill: async () => {
      await container.kill().catch(() => {});
      await ended;
    },
    stop: async () => {
      await container.stop({ t: STOP_WITHIN_S }).catch(() => {});
      await ended;
    },
  };
}
