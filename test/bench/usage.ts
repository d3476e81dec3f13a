import { readdirSync, readFileSync } from "node:fs";
import type { Stage } from "./stage.ts";

/** Processes by their names: the services, `mongod` and Kafka's `java`. */
type Pids = ReadonlyMap<string, number>;

/** Linux tells times of processes in hundredths of a second, whatever its own clock has. */
const TICK_MS = 10;
const KIB = 1_024;

/** The services of a stage, and the engines that this process started. Empty where there is no /proc. */
export function pidsOf({ system }: Stage): Pids {
  const services = Object.values(system.services).map(({ name, pid }) => [name, pid()!] as const);
  return new Map([...services, ...enginesBelow(process.pid)]);
}

/** The CPU time of each so far, in milliseconds: all its threads, in user and kernel mode. */
export function cpuOf(pids: Pids): Map<string, number> {
  return eachOf(pids, (pid) => {
    const fields = statOf(pid);
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  });
}

/** The CPU time that each has spent since, in milliseconds. */
export function cpuSince(pids: Pids, before: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...cpuOf(pids)].map(([name, ms]) => [name, ms - before.get(name)!]));
}

/** The memory of each that is in RAM, in megabytes (10⁶ bytes). */
export function memoryOf(pids: Pids): Map<string, number> {
  return eachOf(pids, (pid) => {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1];
    return (Number(kib) * KIB) / 1e6;
  });
}

function eachOf(pids: Pids, read: (pid: number) => number): Map<string, number> {
  return new Map([...pids].map(([name, pid]) => [name, read(pid)]));
}

/** The fields of /proc/<pid>/stat behind the process's name, which may itself hold spaces. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function enginesBelow(ancestor: number): [string, number][] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return all.flatMap((pid): [string, number][] => {
    try {
      const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
      return (name === "mongod" || name === "java") && isBelow(pid, ancestor) ? [[name, pid]] : [];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

function isBelow(pid: number, ancestor: number): boolean {
  if (pid === ancestor) return true;
  return pid > 1 && isBelow(Number(statOf(pid)[1]), ancestor);
}
