import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { portSettings, serviceNames } from "@waybill/dev-env/system.ts";
import { beforeAll, describe, expect, it, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { chartTools, type ChartTools } from "./tools.ts";

const everything = [
  ["ingress.enabled", "true"],
  ["ingress.tlsSecret", "api-tls"],
  ["autoscaling.gateway.enabled", "true"],
  ["autoscaling.keda.enabled", "true"],
  ["networkPolicy.engines.cidrs", "{10.9.0.0/16}"],
  ["image.pullSecrets", "{registry}"],
].flatMap(([name, value]) => ["--set", `${name}=${value}`]);

let tools: ChartTools;
beforeAll(async () => {
  tools = await chartTools();
});

/** The manifests by kind and, without the release's name, by name. */
function render(...args: string[]): Record<string, Record<string, any>> {
  const kinds: Record<string, Record<string, any>> = {};
  for (const document of parseAllDocuments(tools.template(...args))) {
    const manifest = document.toJS();
    if (manifest) (kinds[manifest.kind] ??= {})[manifest.metadata.name.replace("shop-", "")] = manifest;
  }
  return kinds;
}

const containerOf = (workload: any) => workload.spec.template.spec.containers[0];
const envOf = (workload: any) =>
  new Map<string, any>(containerOf(workload).env.map((one: any) => [one.name, one]));

describe.each([
  ["as it comes", []],
  ["with everything switched on", everything],
  [
    "with everything switched off",
    ["--set", "networkPolicy.enabled=false", "--set", "prepare.enabled=false"],
  ],
])("the chart %s", (_name, args) => {
  it("has nothing that Helm's lint or the schemas of Kubernetes refuse", () => {
    expect(tools.lint(...args)).toBe("");
    const lines = tools.validate(tools.template(...args));
    // KEDA's objects are none of Kubernetes' own: they have a test below.
    const refused = lines.filter(
      (line) => !/^INFO .* passed /.test(line) && !line.includes("kind ScaledObject"),
    );
    expect(refused).toEqual([]);
    expect(lines.length).toBeGreaterThan(14);
  });
});

test("a value that the chart does not know, or of another type, is refused", () => {
  expect(() => tools.template("--set", "services.orders.replica=3")).toThrow("replica");
  expect(() => tools.template("--set", "services.orders.replicas=many")).toThrow("replicas");
  expect(() => tools.template("--set", "kafka.brokers=kafka")).toThrow("brokers");
});

test("every service runs at least twice, is spread, and is never down by more than one at a time", () => {
  const { Deployment, PodDisruptionBudget } = render();
  expect(Object.keys(Deployment!).toSorted()).toEqual([...serviceNames].toSorted());
  for (const [name, { spec }] of Object.entries(Deployment!)) {
    expect(spec.replicas).toBeGreaterThanOrEqual(2);
    expect(spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
    expect(spec.template.spec.topologySpreadConstraints).toHaveLength(2);
    expect(PodDisruptionBudget![name].spec.maxUnavailable).toBe(1);
  }
});

test("no container is root, can write to its file system, or has a capability or a token of the cluster", () => {
  const { Deployment, Job } = render();
  for (const workload of [...Object.values(Deployment!), ...Object.values(Job!)]) {
    const pod = workload.spec.template.spec;
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(containerOf(workload).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  }
});

test("secrets are named, never held: each comes from the secret that the values name", () => {
  const { Deployment } = render();
  const secretOf = (service: string, name: string) =>
    envOf(Deployment![service]).get(name)?.valueFrom?.secretKeyRef;
  expect(secretOf("gateway", "API_KEYS")).toEqual({ name: "waybill-api-keys", key: "keys" });
  expect(secretOf("orders", "MONGODB_URL")).toEqual({ name: "waybill-mongodb", key: "url" });
  expect(secretOf("callbacks", "SECRETS_KEY")).toEqual({ name: "waybill-secrets-key", key: "key" });
  expect(envOf(Deployment!["gateway"]).has("MONGODB_URL")).toBe(false);
});

test("each service calls its peers by headless names, so that calls go to every instance", () => {
  const { Deployment, Service } = render();
  for (const peer of serviceNames.filter((name) => name !== "gateway")) {
    expect(Service![peer].spec.clusterIP).toBe("None");
    const setting = `${peer.toUpperCase().replace("-", "_")}_ADDRESS`;
    expect(envOf(Deployment!["gateway"]).get(setting).value).toBe(`dns:///shop-${peer}:50051`);
  }
});

test("only the gateway is open; gRPC is for Waybill's pods and the namespaces that are named", () => {
  const policies = render("--set", "networkPolicy.grpcNamespaceLabels.team=warehouse").NetworkPolicy!;
  expect(policies["gateway"].spec.ingress).toEqual([{ ports: [{ port: "http" }] }]);
  for (const name of serviceNames.filter((one) => one !== "gateway")) {
    const [rule, ...more] = policies[name].spec.ingress;
    expect(more).toEqual([]);
    expect(rule.ports).toEqual([{ port: "grpc" }]);
    expect(rule.from).toHaveLength(2);
  }
});

const egressOf = (service: string, ...args: string[]): any[] =>
  render(...args).NetworkPolicy![service].spec.egress;
const worlds = (egress: any[]) =>
  egress.filter(({ ports }) => !ports).flatMap(({ to }) => to.map(({ ipBlock }: any) => ipBlock));

test("callbacks reaches the internet, and nothing of the cluster but names, MongoDB and Kafka", () => {
  const egress = egressOf("callbacks", "--set", "networkPolicy.engines.namespaceLabels.role=engines");
  expect(egress.flatMap(({ to }) => to.filter((peer: any) => peer.podSelector))).toEqual([]);
  expect(worlds(egress)).toEqual([
    {
      cidr: "0.0.0.0/0",
      except: expect.arrayContaining(["10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]),
    },
    { cidr: "2000::/3" },
  ]);
  for (const name of serviceNames.filter((one) => one !== "callbacks"))
    expect(worlds(egressOf(name))).toEqual([]);
});

test("what of a cluster has public addresses can be kept from callbacks, IPv6 too", () => {
  const egress = egressOf("callbacks", "--set", "networkPolicy.notInternet={203.0.113.0/24,2001:db8::/32}");
  expect(worlds(egress)).toEqual([
    { cidr: "0.0.0.0/0", except: ["203.0.113.0/24"] },
    { cidr: "2000::/3", except: ["2001:db8::/32"] },
  ]);
  expect(() => render("--set", "networkPolicy.notInternet={203.0.113.0}")).toThrow("notInternet");
});

const engines = [{ port: 27017 }, { port: 9092 }];
test.each([
  ["in the release's own namespace, where nothing is named", [], [{ podSelector: {} }]],
  [
    "in the namespaces that are named",
    ["--set", "networkPolicy.engines.namespaceLabels.role=engines"],
    [{ namespaceSelector: { matchLabels: { role: "engines" } } }],
  ],
  [
    "at the addresses that are named",
    ["--set", "networkPolicy.engines.cidrs={192.0.2.0/24}"],
    [{ ipBlock: { cidr: "192.0.2.0/24" } }],
  ],
])("MongoDB and Kafka are reached %s, and their ports nowhere else", (_where, args, to) => {
  const { gateway, ...policies } = render(...args).NetworkPolicy!;
  expect(JSON.stringify(gateway)).not.toContain("27017");
  for (const { spec } of Object.values(policies))
    expect(spec.egress.filter(({ ports }: any) => ports?.[0].port === 27017)).toEqual([
      { ports: engines, to },
    ]);
  // A rule that names nobody is for everybody.
  for (const { spec } of [gateway, ...Object.values(policies)])
    expect(spec.egress.filter((rule: any) => !(rule.to?.length > 0))).toEqual([]);
});

test("what scales by itself has no number of its own: the gateway by processor, services by their lag", () => {
  const { Deployment, HorizontalPodAutoscaler, ScaledObject } = render(...everything);
  expect(Object.values(Deployment!).filter(({ spec }) => "replicas" in spec)).toEqual([]);
  expect(Object.keys(HorizontalPodAutoscaler!)).toEqual(["gateway"]);
  expect(Object.keys(ScaledObject!).toSorted()).toEqual(["callbacks", "groupings", "line-items", "orders"]);
});

test("what KEDA gets is as KEDA's own schema wants it", () => {
  const objects = Object.values(render(...everything).ScaledObject!);
  for (const manifest of objects) tools.validateScaledObject(manifest);
  const [one] = objects;
  const broken = { ...one, spec: { ...one.spec, minReplicaCount: "two" } };
  expect(() => tools.validateScaledObject(broken)).toThrow("minReplicaCount must be integer");
  // The schema lets what it does not know pass, and of a trigger's settings it knows none.
  for (const { spec } of objects) {
    expect(Object.keys(spec)).toEqual(["scaleTargetRef", "minReplicaCount", "maxReplicaCount", "triggers"]);
    for (const { type, metadata } of spec.triggers) {
      expect(type).toBe("kafka");
      expect(Object.keys(metadata)).toEqual(["bootstrapServers", "consumerGroup", "topic", "lagThreshold"]);
    }
  }
});

test("KEDA looks at the consumer groups that the services have", () => {
  const { ScaledObject } = render(...everything);
  for (const [service, { spec }] of Object.entries(ScaledObject!)) {
    const source = readFileSync(
      fileURLToPath(new URL(`../../services/${service}/src/service.ts`, import.meta.url)),
      "utf8",
    );
    const groups = [...source.matchAll(/group: "([\w-]+)"/g)].map(([, group]) => group);
    expect(spec.triggers.map(({ metadata }: any) => metadata.consumerGroup).toSorted()).toEqual(
      groups.toSorted(),
    );
  }
});

test("a job of every service with a database prepares it before the new version runs", () => {
  const { Job } = render();
  expect(Object.keys(Job!).toSorted()).toEqual(
    ["callbacks", "groupings", "line-items", "orders"].map((name) => `prepare-${name}`),
  );
  for (const job of Object.values(Job!)) {
    expect(job.metadata.annotations["helm.sh/hook"]).toBe("pre-install,pre-upgrade");
    expect(envOf(job).get("PREPARE_ONLY").value).toBe("true");
  }
});

test("every setting that the chart makes is one that the service has", () => {
  const { Deployment } = render();
  for (const [service, deployment] of Object.entries(Deployment!)) {
    const readme = readFileSync(
      fileURLToPath(new URL(`../../services/${service}/README.md`, import.meta.url)),
      "utf8",
    );
    const addresses = /_ADDRESS$/;
    const unknown = [...envOf(deployment).keys()].filter(
      (name) => !addresses.test(name) && !readme.includes(`| \`${name}\``),
    );
    // Groupings and callbacks have less to choose than others.
    expect(unknown.filter((name) => name !== "SANDBOX")).toEqual([]);
  }
  expect(portSettings.gateway.port).toBe(containerOf(Deployment!["gateway"]).ports[0].containerPort);
});
