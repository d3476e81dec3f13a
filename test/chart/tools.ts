import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { goBuild } from "@waybill/dev-env/containers/go.ts";
import { runTool } from "@waybill/dev-env/engine/child.ts";
import { onPath } from "@waybill/dev-env/engine/on-path.ts";
import { toolFolder } from "@waybill/dev-env/engine/tool-cache.ts";

const chart = fileURLToPath(new URL("../../deploy/helm/waybill", import.meta.url));
const HELM_VERSION = "v3.22.0";
const VALIDATE_VERSION = "1.37.0";
const KEDA_MODELS = "@kubernetes-models/keda";
const KEDA_MODELS_VERSION = "2.0.0";
/** Of the cluster that is written for; the validator has its schemas. */
const KUBERNETES_VERSION = "1.33";
const INSTALL_WITHIN_MS = 300_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const options = { env: process.env, report: (line: string) => void process.stdout.write(`${line}\n`) };

/** A chart's tools, pinned. */
export interface ChartTools {
  /** Lints the chart; answers what is wrong, "" if nothing is. */
  lint: (...args: string[]) => string;
  /** Renders it. @throws with what Helm says. */
  template: (...args: string[]) => string;
  /** Checks manifests against the schemas; answers one line for each, with what is wrong. */
  validate: (manifests: string) => string[];
  /** Checks a ScaledObject against KEDA's own schema. @throws with what is wrong. */
  validateScaledObject: (manifest: object) => void;
}

/** Helm, built from its module, kubernetes-validate, from PyPI, and KEDA's schemas, from npm; kept in the cache. */
export async function chartTools(): Promise<ChartTools> {
  const [helmFolder, validateFolder, kedaFolder] = await Promise.all([
    toolFolder(process.env, `helm-${HELM_VERSION}`, (folder) =>
      goBuild("helm.sh/helm/v3/cmd/helm", HELM_VERSION, join(folder, "helm"), options),
    ),
    toolFolder(process.env, `kubernetes-validate-${VALIDATE_VERSION}`, installValidate),
    toolFolder(process.env, `keda-models-${KEDA_MODELS_VERSION}`, installKedaModels),
  ]);
  const model = join(kedaFolder, "node_modules", KEDA_MODELS, "keda.sh/v1alpha1/ScaledObject.js");
  const { ScaledObject } = await import(pathToFileURL(model).href);
  const helm = (...args: string[]) =>
    spawnSync(join(helmFolder, "helm"), args, { encoding: "utf8", maxBuffer: OUTPUT_BYTES_MAX });
  const version = ["--kube-version", KUBERNETES_VERSION];
  return {
    lint: (...args) => {
      const { status, stdout, stderr } = helm("lint", chart, "--strict", ...version, ...args);
      return status === 0 ? "" : stdout + stderr;
    },
    template: (...args) => {
      const { status, stdout, stderr } = helm("template", "shop", chart, ...version, ...args);
      if (status !== 0) throw new Error(stderr);
      return stdout;
    },
    validate: (manifests) => validate(validateFolder, manifests),
    validateScaledObject: (manifest) => new ScaledObject(manifest).validate(),
  };
}

async function installKedaModels(folder: string): Promise<void> {
  const npm = onPath("npm", process.env);
  if (!npm) throw new Error("no npm on PATH");
  const quick = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
  const args = ["install", "--prefix", folder, ...quick, `${KEDA_MODELS}@${KEDA_MODELS_VERSION}`];
  await runTool({ command: npm, args, env: process.env }, INSTALL_WITHIN_MS);
}

async function installValidate(folder: string): Promise<void> {
  const python = onPath("python3", process.env);
  if (!python) throw new Error("no python3 on PATH");
  const packages = join(folder, "packages");
  const args = [
    "-m",
    "pip",
    "install",
    "-q",
    "--target",
    packages,
    `kubernetes-validate==${VALIDATE_VERSION}`,
  ];
  await runTool({ command: python, args, env: process.env }, INSTALL_WITHIN_MS);
}

function validate(folder: string, manifests: string): string[] {
  const scratch = mkdtempSync(join(tmpdir(), "waybill-chart-"));
  const file = join(scratch, "manifests.yaml");
  writeFileSync(file, manifests);
  const args = ["-m", "kubernetes_validate", "--strict", "-k", KUBERNETES_VERSION, file];
  const env = { ...process.env, PYTHONPATH: join(folder, "packages") };
  const { stdout, stderr } = spawnSync("python3", args, {
    encoding: "utf8",
    env,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  rmSync(scratch, { recursive: true });
  return (stdout + stderr).split("\n").filter(Boolean);
}
