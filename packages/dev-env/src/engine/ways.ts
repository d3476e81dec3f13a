import type { Engine, EngineOptions, OwnedEngine } from "./engine.ts";
import { PortTakenError } from "./free-port.ts";
import { messageOf } from "./readiness.ts";

/** One way to come by an engine. */
interface Way {
  name: "container" | "native";
  /** Rejects with what it lacks. */
  start: () => Promise<OwnedEngine>;
}

/**
 * Starts the engine in the first way that works and says in its `origin` what the ones before lacked.
 * @param setting The environment variable that would have given the engine.
 * @throws an error that names every way with what it lacks; PortTakenError at once.
 */
export async function startByFirstWay(
  engine: string,
  setting: string,
  ways: Way[],
  { env }: EngineOptions,
): Promise<Engine> {
  const wanted = wantedWay(env);
  const lacks = [`${setting}: not set`];
  for (const way of ways) {
    if (wanted && way.name !== wanted) lacks.push(`${way.name}: ruled out by WAYBILL_ENGINE=${wanted}`);
    else {
      const started = await attempt(way, lacks);
      if (started) return { ...started, origin: `${started.origin} (${lacks.join("; ")})` };
    }
  }
  throw new Error(`${engine} could not be started. ${lacks.join("; ")}`);
}

async function attempt(way: Way, lacks: string[]): Promise<OwnedEngine | undefined> {
  try {
    return await way.start();
  } catch (error) {
    if (error instanceof PortTakenError) throw error;
    lacks.push(`${way.name}: ${messageOf(error)}`);
    return undefined;
  }
}

function wantedWay(env: NodeJS.ProcessEnv): Way["name"] | undefined {
  const wanted = env["WAYBILL_ENGINE"];
  if (!wanted) return undefined;
  if (wanted === "container" || wanted === "native") return wanted;
  throw new Error(`WAYBILL_ENGINE is "${wanted}"; it may be "container" or "native"`);
}
