import { readFileSync } from "node:fs";
import { docker } from "@waybill/dev-env/containers/docker.ts";
import { serviceNames, type ServiceName } from "@waybill/dev-env/system.ts";
import { describe, expect, inject, it, test } from "vitest";
import { IMAGES, root } from "../images.ts";

const WITHIN_MS = 60_000;
const MIB = 1024 * 1024;
/** Of what an image adds to its base. */
const SIZE_MAX = 60 * MIB;

const run = (...args: string[]) => docker(process.env, WITHIN_MS, ...args);
const inspect = async (what: string, part: string) =>
  JSON.parse(await run("inspect", "--format", `{{json .${part}}}`, what));
const containerOf = (service: string) => `${inject("composeProject")}-${service}-1`;
const inside = (service: ServiceName, program: string) =>
  run("exec", containerOf(service), "node", "-e", program);

describe.each(serviceNames)("the image of %s", (service) => {
  it("says itself when it is ready", async () => {
    expect(await inspect(containerOf(service), "State.Health.Status")).toBe("healthy");
  });

  it("runs as a user who is not root, without any capability", async () => {
    expect(await inspect(`${IMAGES}/${service}`, "Config.User")).toBe("1000:1000");
    const status = await inside(service, "console.log(fs.readFileSync('/proc/1/status', 'utf8'))");
    expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
  });

  it("works on a file system that it can't write to", async () => {
    expect(await inspect(containerOf(service), "HostConfig.ReadonlyRootfs")).toBe(true);
    const write = "try { fs.writeFileSync('/tmp/x', '') } catch ({ code }) { console.log(code) }";
    expect(await inside(service, write)).toContain("EROFS");
  });

  it("holds no tools, no tests and nothing of other services", async () => {
    const list = `for (const place of ['', 'node_modules', 'packages', 'services', 'service'])
      console.log(place + ':', fs.readdirSync('/waybill/' + place).join(' '))`;
    const held = await inside(service, list);
    expect(held).toContain(`services: ${service}\n`);
    expect(held).toMatch(/^service: node_modules package.json src$/m);
    expect(held).not.toMatch(/vitest|typescript|prettier|buf|dev-env|pnpm-store|\btest\b/);
  });

  it("adds little to its base", async () => {
    const layers = await run(
      "history",
      "--human=false",
      "--format",
      "{{.Size}} {{.CreatedBy}}",
      `${IMAGES}/${service}`,
    );
    const own = layers.split("\n").find((line) => line.includes("COPY"));
    expect(Number(own?.split(" ")[0])).toBeGreaterThan(MIB);
    expect(Number(own?.split(" ")[0])).toBeLessThan(SIZE_MAX);
  });
});

test("every container ends within its grace period, by itself, when it is asked to", async () => {
  const containers = serviceNames.map(containerOf);
  const each = (part: string) => Promise.all(containers.map((container) => inspect(container, part)));
  await run("stop", "--time", "15", ...containers);
  // Not 137, which is what docker's force would leave.
  expect(await each("State.ExitCode")).toEqual(containers.map(() => 0));
  await run("start", ...containers);
  const healthy = containers.map(() => "healthy");
  await expect.poll(() => each("State.Health.Status"), { timeout: 60_000, interval: 250 }).toEqual(healthy);
});

test("images are built by the pnpm of the checkout", () => {
  const [, pinned] = /"(pnpm@[\d.]+)"/.exec(readFileSync(`${root}packages/dev-env/boot.mjs`, "utf8")) ?? [];
  expect(readFileSync(`${root}deploy/Dockerfile`, "utf8")).toContain(` ${pinned}\n`);
});
