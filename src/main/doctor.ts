import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Config, parseConfig, StartError } from "../config.ts";
import { chooseKernels } from "../engine/kernels/native/choose.ts";
import { connectRedis } from "./connect-redis.ts";
import { findExecutable } from "./private-redis/find-executable.ts";
import { findRedis } from "./private-redis/redis-program.ts";
import { readMachine } from "./processes/machine.ts";
import { misspeltVariables } from "./processes/misspelt-variables.ts";
import { whyTaken } from "./processes/ports.ts";

/** One thing that was looked at. `warning`: the service starts, and something is not as it could be. */
export interface Finding {
  about: string;
  state: "ok" | "warning" | "fault";
  detail: string;
  remedy: string | null;
}

const ok = (about: string, detail: string): Finding => ({ about, state: "ok", detail, remedy: null });
const warning = (about: string, detail: string, remedy: string): Finding => ({
  about,
  state: "warning",
  detail,
  remedy,
});
const fault = (about: string, detail: string, remedy: string): Finding => ({ about, state: "fault", detail, remedy });

const MIB = 1024 ** 2;
const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;

const nodeVersion = (version: string): Finding => {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major > 20 || (major === 20 && minor >= 9)
    ? ok("node", version)
    : fault("node", `${version} is too old`, "install Node 20.9 or newer");
};

const redisOf = async ({ redisUrl }: Config, path: string): Promise<Finding> => {
  if (redisUrl !== null) {
    const warnings: string[] = [];
    const log = { info: () => {}, error: () => {}, warn: (_about: object, line: string) => void warnings.push(line) };
    try {
      await (await connectRedis(redisUrl, log, { limitMs: 2000 })).close();
    } catch (error) {
      return fault("redis", (error as Error).message, "start it, or correct REDIS_URL");
    }
    const [first, ...others] = warnings;
    if (first !== undefined) return warning("redis", first, others.join("; ") || "see the page /docs/redis");
    return ok("redis", "the server of REDIS_URL answers");
  }
  const program = await findRedis(path);
  if (program === null)
    return warning(
      "redis",
      "redis-server is not on the PATH",
      "install Redis, or let npm start install it, or set REDIS_URL",
    );
  return ok("redis", program.file);
};

const compilerOf = async (path: string): Promise<Finding> => {
  for (const name of ["cc", "gcc", "clang"]) {
    const file = await findExecutable(name, path);
    if (file !== null) return ok("compiler", file);
  }
  return warning(
    "compiler",
    "there is no C compiler",
    "install gcc or clang and build again: training is then two to three times as fast",
  );
};

const kernelsOf = async (wanted: Config["kernels"]): Promise<Finding> => {
  try {
    const { native } = await chooseKernels(wanted);
    return native === null
      ? warning("kernels", "WebAssembly", "with a C compiler, npm run build makes native kernels with the same bits")
      : ok("kernels", "native, with the bits of the WebAssembly ones");
  } catch (error) {
    return fault("kernels", (error as Error).message, "run npm run build, or set KERNELS=auto");
  }
};

const portOf = async (variable: string, host: string, port: number): Promise<Finding> => {
  if (port === 0) return ok(variable, "any free port");
  const error = await whyTaken(host, port);
  if (error === null) return ok(variable, `${host}:${port} is free`);
  if (error.code === "EADDRINUSE")
    return fault(variable, `${host}:${port} is taken`, `end what listens there (another descent?), or set ${variable}`);
  return fault(
    variable,
    `${host}:${port}: ${error.message}`,
    `set HOST to an address of this machine, or another ${variable}`,
  );
};

const leastDiskBytes = 1024 * MIB;

/** The nearest folder that is there: the one that would be written to. */
const existing = async (folder: string): Promise<string> => {
  try {
    await access(folder, constants.F_OK);
    return folder;
  } catch {
    return existing(dirname(folder));
  }
};

const dataFolder = async (dataDir: string): Promise<Finding> => {
  const folder = await existing(resolve(dataDir));
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    if (free < leastDiskBytes)
      return warning(
        "DATA_DIR",
        `${dataDir}: only ${mib(free)} are free`,
        "make room, or set DATA_DIR to another disk",
      );
    return ok("DATA_DIR", `${dataDir} can be written, ${mib(free)} are free`);
  } catch (error) {
    return fault(
      "DATA_DIR",
      `${folder}: ${(error as Error).message}`,
      "give this user the right to write there, or set DATA_DIR",
    );
  }
};

const memoryOf = ({ trainerMemoryBytes, workers }: Config, bytes: number): Finding => {
  const share = `${mib(trainerMemoryBytes)} for each of ${workers} trainers, of ${mib(bytes)}`;
  return trainerMemoryBytes * workers > bytes * 0.9
    ? warning("memory", share, "lower TRAINER_MEMORY_BYTES or WORKERS: the other processes need room too")
    : ok("memory", share);
};

/** Looks at the machine and the configuration, and at what would keep the service from starting. Changes nothing. */
export const diagnose = async (env: Readonly<Record<string, string | undefined>>): Promise<Finding[]> => {
  const path = env.PATH ?? "";
  const machine = readMachine();
  const misspelt = misspeltVariables(env).map(({ name, hint }) =>
    warning("environment", `${name} is set and means nothing here`, `did you mean ${hint}?`),
  );
  const first = [nodeVersion(process.version), ...misspelt];
  let config: Config;
  try {
    config = parseConfig(env, machine);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [...first, fault("configuration", error.message, "correct it; the others are looked at then")];
  }
  return [
    ...first,
    ok("configuration", "every variable can be read"),
    ...(await Promise.all([
      redisOf(config, path),
      compilerOf(path),
      kernelsOf(config.kernels),
      portOf("PORT", config.host, config.port),
      portOf("GRPC_PORT", config.host, config.grpcPort),
      dataFolder(config.dataDir),
    ])),
    memoryOf(config, machine.memoryBytes),
  ];
};
