/** What a tool is looked up by, and whom it tells. */
export interface ToolOptions {
  /** Takes one line for people, at the few moments worth one. */
  report: (line: string) => void;
  env: NodeJS.ProcessEnv;
}

/** Where an engine keeps its data, where it listens, and whom it tells. */
export interface EngineOptions extends ToolOptions {
  /** Everything the engine writes goes into a folder of its own in here. */
  dataDir: string;
  /** On 127.0.0.1; 0 = any free one. */
  port: number;
  /** stop() kills the engine and removes its data: for tests, where neither is needed again. */
  ephemeral?: boolean;
}

interface Answering {
  /** `mongodb://…` or `host:port[,host:port]`. */
  address: string;
  /** One line for people: which way was taken and why. */
  origin: string;
}

/** A MongoDB or Kafka that a setting names: others start and stop it. */
export interface GivenEngine extends Answering {
  owned: false;
  /** Does nothing. */
  stop: () => Promise<void>;
}

/** A MongoDB or Kafka that this process started and that ends with it, even when this process is killed. */
export interface OwnedEngine extends Answering {
  owned: true;
  /** Ends it at once, as a crash would. */
  kill: () => Promise<void>;
  /** Starts it again on the same port and data, after a crash or while it runs; resolves when it answers. */
  restart: () => Promise<void>;
  /** Is told each time the engine ends without stop() or restart() having asked for it. */
  onExit: (listener: (reason: string) => void) => void;
  /** Ends it for good, by force if it takes too long. */
  stop: () => Promise<void>;
}

/** A running MongoDB or Kafka. */
export type Engine = GivenEngine | OwnedEngine;

/** One life of an engine: a child process or a container, from its start to its end. */
export interface Life {
  /** Resolves with the reason, for people, when it is over. Never rejects. */
  ended: Promise<string>;
  /** Asks it to end and forces it after a while; nothing to do once it has ended. */
  stop: () => Promise<void>;
  kill: () => Promise<void>;
}
