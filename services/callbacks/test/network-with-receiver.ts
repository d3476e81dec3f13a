import { afterAll, beforeAll } from "vitest";
import { startTestCallbacks, type TestCallbacks } from "./harness.ts";
import { startReceiver, type Receiver } from "./receiver.ts";

/** What the tests of a file share. */
interface NetworkWithReceiver {
  network: TestCallbacks;
  receiver: Receiver;
}

/** Starts both before the tests of the file, hands them over, and ends them afterwards. */
export function networkWithReceiver(
  take: (started: NetworkWithReceiver) => void,
  ...settings: Parameters<typeof startTestCallbacks>
): void {
  const started = new AsyncDisposableStack();
  beforeAll(async () => {
    const [network, receiver] = await Promise.all([startTestCallbacks(...settings), startReceiver()]);
    started.use(receiver);
    started.use(network);
    take({ network, receiver });
  });
  afterAll(() => started.disposeAsync());
}
