import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { portSettings } from "@waybill/dev-env/system.ts";
import { DockerComposeEnvironment, Wait } from "testcontainers";
import type { TestProject } from "vitest/node";
import { keyOf } from "../e2e/api.ts";
import { buildImages, IMAGES, root } from "./images.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The name of the compose project under test; its containers are `<project>-<service>-1`. */
    composeProject: string;
  }
}

const tenants = ["first-order", "batches", "containers"];
const HEALTHY_WITHIN_MS = 180_000;

/** Builds the images and starts all of deploy/compose.yaml, once for all tests of the project. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const begin = Date.now();
  const say = (line: string) =>
    void process.stdout.write(`${line} after ${Math.round((Date.now() - begin) / 1000)} s\n`);
  await buildImages(process.env);
  say("images built");
  const name = `waybill-test-${process.pid}`;
  const ports = await freePorts();
  const environment = await new DockerComposeEnvironment(`${root}deploy`, "compose.yaml")
    .withProjectName(name)
    .withEnvironment({
      ...ports,
      WAYBILL_IMAGES: IMAGES,
      API_KEYS: tenants.map((tenant) => `${keyOf(tenant)}=${tenant}`).join(","),
    })
    .withDefaultWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(HEALTHY_WITHIN_MS)
    .up();
  say("all services healthy");
  project.provide("composeProject", name);
  project.provide("system", {
    url: `http://127.0.0.1:${ports["PORT"]}`,
    grpc: {
      orders: `127.0.0.1:${ports["ORDERS_PORT"]}`,
      "line-items": `127.0.0.1:${ports["LINE_ITEMS_PORT"]}`,
      groupings: `127.0.0.1:${ports["GROUPINGS_PORT"]}`,
      callbacks: `127.0.0.1:${ports["CALLBACKS_PORT"]}`,
    },
    mongodbUrl: `mongodb://127.0.0.1:${ports["MONGODB_PORT"]}/?directConnection=true`,
    kafkaBrokers: `127.0.0.1:${ports["KAFKA_PORT"]}`,
    topicPrefix: "",
    // They are the containers' own.
    logs: "",
  });
  return async () => void (await environment.down({ removeVolumes: true, timeout: 15_000 }));
}

async function freePorts(): Promise<Record<string, string>> {
  const settings = Object.values(portSettings).map(({ setting }) => setting);
  return Object.fromEntries(
    await Promise.all(settings.map(async (setting) => [setting, String(await freePort())] as const)),
  );
}
