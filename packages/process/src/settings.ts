import { z } from "zod";

/**
 * A setting is an environment variable; a service's settings are one zod object whose keys are their
 * names. Each carries a description, so that the table in the service's README can be checked against it.
 */
export function port(fallback: number, description: string) {
  return count(fallback, 0, 65_535, description);
}

/** A text setting with a default. */
export function text(fallback: string, description: string) {
  return z.string().min(1).default(fallback).describe(description);
}

/** A whole number setting within bounds. */
export function count(fallback: number, min: number, max: number, description: string) {
  const digits = z.string().regex(/^\d+$/, "must be a whole number");
  return digits.transform(Number).pipe(z.number().min(min).max(max)).default(fallback).describe(description);
}

/** A setting that is `true` or `false`; false unless set. */
export function flag(description: string) {
  return z
    .enum(["true", "false"])
    .default("false")
    .transform((value) => value === "true")
    .describe(description);
}

/** The settings that every process has. */
const processSettings = {
  LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("what is logged: debug, info, warn, error or silent"),
  HOST: text("127.0.0.1", "the address that every port of this process is bound to"),
};

/** The settings that every process with a gRPC server has. */
export const serverSettings = {
  ...processSettings,
  ADMIN_PORT: port(0, "HTTP port of /livez and /readyz; 0: any free port"),
};

/**
 * The settings of this process. Throws one error that names every setting that is missing or wrong, and
 * shows no value, since some are secret.
 */
export function readSettings<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: NodeJS.ProcessEnv,
): z.output<z.ZodObject<Shape>> {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => {
    const name = path.join(".");
    return `  ${name}: ${env[name] === undefined ? "must be set" : message}`;
  });
  throw new Error(`these settings are wrong:\n${lines.join("\n")}`);
}
