import { spawn } from "node:child_process";
import type { Log } from "../../domain/log.ts";
import { findExecutable } from "./find-executable.ts";

interface PackageManager {
  command: string;
  /** Run before, to know what packages there are. */
  refresh: readonly string[] | null;
  install: readonly string[];
  /** The first that the manager has is installed. */
  packages: readonly string[];
  needsRoot: boolean;
}

/**
 * Debian's and Ubuntu's redis-tools holds the server's program (redis-check-rdb is the same file) without the system
 * service that redis-server would start; the other systems start no service when a package is installed.
 */
const managers: readonly PackageManager[] = [
  {
    command: "apt-get",
    refresh: ["update"],
    install: ["install", "--yes", "--no-install-recommends"],
    packages: ["redis-tools", "valkey-tools"],
    needsRoot: true,
  },
  { command: "dnf", refresh: null, install: ["install", "-y"], packages: ["valkey", "redis"], needsRoot: true },
  { command: "yum", refresh: null, install: ["install", "-y"], packages: ["redis"], needsRoot: true },
  { command: "apk", refresh: null, install: ["add", "--no-cache"], packages: ["redis", "valkey"], needsRoot: true },
  { command: "pacman", refresh: null, install: ["-Sy", "--noconfirm"], packages: ["valkey", "redis"], needsRoot: true },
  {
    command: "zypper",
    refresh: null,
    install: ["--non-interactive", "install"],
    packages: ["redis", "valkey"],
    needsRoot: true,
  },
  { command: "brew", refresh: null, install: ["install"], packages: ["redis"], needsRoot: false },
];

/** Installs Redis with the system's package manager, saying so. Throws one line when that is not possible. */
export const installRedis = async (log: Log, path: string, isRoot: boolean): Promise<void> => {
  for (const manager of managers) {
    const program = await findExecutable(manager.command, path);
    if (program === null) continue;
    const prefix = manager.needsRoot && !isRoot ? ["sudo", "-n"] : [];
    let refreshed = false;
    let failure = "";
    for (const name of manager.packages) {
      const steps = [...(manager.refresh !== null && !refreshed ? [manager.refresh] : []), [...manager.install, name]];
      refreshed = true;
      log.info({}, `no redis-server found: installing ${name} with ${manager.command}`);
      failure = await runAll(
        steps.map((step) => [...prefix, program, ...step]),
        log,
      );
      if (failure === "") return;
    }
    throw new Error(`redis-server is not installed, and ${failure}; install Redis or set REDIS_URL`);
  }
  throw new Error("redis-server is not installed and no package manager was found; install Redis or set REDIS_URL");
};

const runAll = async (commands: readonly (readonly string[])[], log: Log): Promise<string> => {
  for (const command of commands) {
    log.info({}, command.join(" "));
    const failure = await run(command);
    if (failure !== "") return failure;
  }
  return "";
};

/** Runs a command to its end; an empty string, or why it failed. */
const run = ([program = "", ...argv]: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn(program, argv, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    let errors = "";
    child.stderr.on("data", (text: Buffer) => {
      errors = (errors + text.toString()).slice(-2000);
    });
    child.once("error", (error) => resolve(`${program} could not be run (${error.message})`));
    child.once("close", (status) => {
      const lastLine = errors.trim().split("\n").at(-1) ?? "";
      resolve(status === 0 ? "" : `${[program, ...argv].join(" ")} failed: ${lastLine || `exit code ${status}`}`);
    });
  });
