import type { EngineOptions } from "../engine/engine.ts";

/** Where MongoDB keeps its data, where it listens, and whether faults can be injected. */
export interface MongodbOptions extends EngineOptions {
  /** Allows failpoints such as `failCommand`. */
  testCommands?: boolean;
}
