import { byRounds, type BenchContext } from "./bench.ts";
import { closedLoop, type Sender } from "./load.ts";
import { startGrpcGateway } from "./peers/start-grpc-gateway.ts";
import { ordersBody } from "./records.ts";
import { releaseRelays, skipBacklog, stopRelays } from "./relays.ts";
import { openStage, TENANT, type Stage } from "./stage.ts";
import { cpuOf, cpuSince, pidsOf } from "./usage.ts";

const SINGLE_MAX = 2;
const BATCH_MAX = 0.6;
const BATCH = 100;

/** What is asked of both gateways. */
interface Load {
  what: string;
  callers: number;
  ask: (sender: Sender) => Promise<unknown>;
  goal: { max: number };
}

/** CPU that the hop from REST to gRPC costs, beside grpc-gateway before the same orders service. */
export async function gateway(context: BenchContext): Promise<void> {
  const { report, record, phaseMs } = context;
  if (process.platform !== "linux") return report("only Linux tells what its processes take: left out");
  await using stage = await openStage(context);
  await using peer = await startGrpcGateway(stage.system.grpc.orders, TENANT, report);
  const pids = new Map([...pidsOf(stage), ["grpc-gateway", peer?.pid ?? process.pid]]);
  await stopRelays(stage.mongo);
  for (const { what, callers, ask, goal } of await loadsOf(stage)) {
    const cost = (name: string, sender: Sender) => async () => {
      const before = cpuOf(pids);
      const { latencies } = await closedLoop(callers, phaseMs, () => ask(sender));
      return (cpuSince(pids, before).get(name)! * 1_000) / latencies.length;
    };
    report(`${what}: µs of CPU of the gateway's process per request`);
    const row = { what: `CPU of the gateway per request, ${what}`, unit: "µs" } as const;
    const waybill = cost("gateway", stage.api);
    if (peer === null) {
      record({ ...row, ...(await byRounds(context, { waybill })) });
    } else {
      const values = await byRounds(context, { peer: cost("grpc-gateway", peer), waybill });
      record({ ...row, waybill: values.waybill, peer: { name: "grpc-gateway", values: values.peer }, goal });
    }
  }
  await skipBacklog(stage.mongo);
  await releaseRelays(stage.mongo);
}

async function loadsOf({ api }: Stage): Promise<Load[]> {
  const answer = JSON.parse(await api.send("POST", "/orders", ordersBody(1))) as Created;
  const id = answer.results[0]!.system_id;
  return [
    {
      what: "one order created, 64 callers",
      callers: 64,
      ask: ({ send }) => send("POST", "/orders", ordersBody(1)),
      goal: { max: SINGLE_MAX },
    },
    {
      what: `${BATCH} orders created, 4 callers`,
      callers: 4,
      ask: ({ send }) => send("POST", "/orders", ordersBody(BATCH)),
      goal: { max: BATCH_MAX },
    },
    {
      what: "GET /orders/{id}, 16 callers",
      callers: 16,
      ask: ({ send }) => send("GET", `/orders/${id}`),
      goal: { max: SINGLE_MAX },
    },
  ];
}

interface Created {
  results: { system_id: string }[];
}
