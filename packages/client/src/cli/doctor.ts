import { Option, type Command } from "commander";
import { probed, sayChecks, type Check } from "./check.ts";
import { isLocal, optionsOf, type GlobalOptions } from "./connection.ts";
import { checkTenant } from "./doctor-tenant.ts";
import { checkTopics } from "./doctor-topics.ts";
import { kafkaOptions, type KafkaOptions } from "./kafka.ts";
import { exitCodes } from "./terminal.ts";

/** Webhooks whose time is further away are refused by their receivers. */
const CLOCK_MS_MAX = 300_000;
const CLOCK_MS_DOUBTFUL = 5_000;

/** `waybill doctor`. */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("looks at what runs, what lags and what is set up wrong, and says what to do")
    .addOption(new Option(...kafkaOptions.brokers))
    .addOption(new Option(kafkaOptions.prefix[0], kafkaOptions.prefix[1]).default(kafkaOptions.prefix[2]))
    .action(async (_options: unknown, command: Command) => {
      const options = optionsOf<KafkaOptions>(command);
      const [rest, topics] = await Promise.all([checkRest(options), checkTopics(options)]);
      const isWell = sayChecks([...rest, ...topics], options.json ?? false);
      if (!isWell) process.exitCode = exitCodes.failed;
    });
}

async function checkRest(options: GlobalOptions): Promise<Check[]> {
  const { url } = options;
  const start = isLocal(url) ? "npm start runs the whole system; --url names another" : "is --url right?";
  const api = await probed("api", start, async () => {
    const response = await fetch(new URL("livez", withSlash(url)));
    if (!response.ok) throw new Error(`${url} answers ${response.status}: not Waybill, or a proxy before it`);
    return [
      { name: "api", state: "ok", detail: url },
      clockCheck(response.headers.get("date")),
      transportCheck(url),
    ];
  });
  // Behind an API that does not answer everything else would fail for that reason.
  if (api.some(({ name, state }) => name === "api" && state === "fail")) return api;
  const found = await Promise.all([
    probed("services", start, () => checkServices(url)),
    checkTenant(options),
  ]);
  return [...api, ...found.flat()];
}

function clockCheck(date: string | null): Check {
  const awayMs = Math.abs(Date.now() - Date.parse(date ?? ""));
  const detail = `${Math.round(awayMs / 1_000)} s between this machine's clock and the API's`;
  const fix = "keep both by NTP: what is signed by one clock is checked by another";
  if (awayMs > CLOCK_MS_MAX) return { name: "clock", state: "fail", detail, fix };
  return { name: "clock", state: awayMs > CLOCK_MS_DOUBTFUL ? "warn" : "ok", detail, fix };
}

function transportCheck(url: string): Check {
  if (isLocal(url) || url.startsWith("https:"))
    return { name: "transport", state: "ok", detail: isLocal(url) ? "this machine" : "TLS" };
  const fix = "put TLS before the gateway, and use https";
  return { name: "transport", state: "warn", detail: "keys and orders travel readable for everyone", fix };
}

async function checkServices(url: string): Promise<Check[]> {
  const response = await fetch(new URL("readyz", withSlash(url)));
  const { services } = (await response.json()) as { services: Record<string, string> };
  const fix = isLocal(url)
    ? "its log says why: .waybill/logs/<service>.log"
    : "its /readyz and its log say why; requests that need it are answered with 503 meanwhile";
  return Object.entries(services).map(([name, state]) => ({
    name: `service ${name}`,
    state: state === "ok" ? "ok" : "fail",
    detail: state === "ok" ? "ready" : "does not answer, or is not ready",
    fix,
  }));
}

function withSlash(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}
