import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** One structured log line of any of the service's processes. */
export interface LogLine {
  level: string;
  role: string;
  pid: number;
  msg: string;
  [key: string]: unknown;
}

interface Logged {
  /** Everything logged so far, of all processes. */
  log: readonly LogLine[];
  /** The same lines as they were written. */
  rawLog: readonly string[];
  /** The first line, already logged or still to come, that fits. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>;
}

/** One part of the service in a process of its own: `--role=…`. */
export interface Part extends Logged {
  /** Of its `ready` line: an API's ports. */
  ready: LogLine;
  pid: number;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** The whole service as a user starts it: `node dist/src/main.js`, on free ports and a folder of its own. */
export interface Service extends Logged {
  url: string;
  grpc: string;
  dataDir: string;
  /** What it said when it was ready. */
  greeting: string;
  process: ChildProcess;
  /** The newest trainer's process id. */
  trainerPid(): number;
  /** As Ctrl-C does; resolves to the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export const mainScript = join(import.meta.dirname, "../../dist/src/main.js");

export const createDataDir = (): Promise<string> => mkdtemp(join(tmpdir(), "descent-e2e-"));
export const removeDataDir = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 5 });

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  errors: string;
}

const cleanEnvironment = (env: Record<string, string>): NodeJS.ProcessEnv => {
  const { REDIS_URL: _redis, ARTIFACT_URL: _artifacts, API_KEYS_FILE: _keys, ...rest } = process.env;
  return { ...rest, PORT: "0", GRPC_PORT: "0", LOG_LEVEL: "info", ...env };
};

/** Runs the command to its end: for starts that are meant to fail. */
export const runMain = (env: Record<string, string>, argv: string[] = []): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [mainScript, ...argv], {
      env: cleanEnvironment(env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    child.stdout.on("data", (text: Buffer) => (output += text.toString()));
    child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, output, errors }));
  });

/** Runs the command line to its end: `descent …`. */
export const runDescent = (
  argv: string[],
  env: Record<string, string>,
): Promise<Pick<Ended, "code" | "output" | "errors">> =>
  new Promise((resolve) => {
    const script = join(import.meta.dirname, "../../src/cli/descent.mjs");
    execFile(process.execPath, [script, ...argv], { env: { ...process.env, ...env } }, (error, output, errors) =>
      resolve({ code: error === null ? 0 : Number(error.code), output, errors }),
    );
  });

const parseLine = (text: string): LogLine | null => {
  if (!text.startsWith("{")) return null;
  const line: LogLine = JSON.parse(text);
  return line;
};

/** What a process logs, line by line; what is not a line of the log goes to `errors`. */
const follow = (child: ChildProcess, errors: string[]): Logged => {
  const log: LogLine[] = [];
  const rawLog: string[] = [];
  const listeners = new Set<(line: LogLine) => void>();
  createInterface({ input: child.stderr! }).on("line", (text) => {
    const line = parseLine(text);
    if (line === null) return void errors.push(text);
    log.push(line);
    rawLog.push(text);
    for (const listener of listeners) listener(line);
  });
  return {
    ...{ log, rawLog },
    logged: (fits) =>
      new Promise((resolve) => {
        const found = log.find(fits);
        if (found !== undefined) return resolve(found);
        const listener = (line: LogLine): void => {
          if (!fits(line)) return;
          listeners.delete(listener);
          resolve(line);
        };
        listeners.add(listener);
      }),
  };
};

export const startPart = async (role: "api" | "trainer", env: Record<string, string>): Promise<Part> => {
  const child = spawn(process.execPath, [mainScript, `--role=${role}`], {
    env: cleanEnvironment(env),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const errors: string[] = [];
  const logged = follow(child, errors);
  const exited = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const ended = exited.then((code): never => {
    throw new Error(`the ${role} ended while starting (${code}): ${errors.join("\n")}`);
  });
  const ready = await Promise.race([logged.logged(({ msg }) => msg === `${role} ready`), ended]);
  ended.catch(() => {});
  return {
    ...logged,
    ...{ ready, pid: ready.pid },
    stop: (signal = "SIGTERM") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return exited;
    },
  };
};

export const startService = async (dataDir: string, env: Record<string, string> = {}): Promise<Service> => {
  const child = spawn(process.execPath, [mainScript], {
    env: cleanEnvironment({ DATA_DIR: dataDir, ...env }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors: string[] = [];
  const { log, rawLog, logged } = follow(child, errors);
  const exited = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));

  const { url, grpc, greeting } = await new Promise<{ url: string; grpc: string; greeting: string }>(
    (resolve, reject) => {
      let output = "";
      child.stdout.on("data", (text: Buffer) => {
        output += text.toString();
        const rest = /REST +(https?:\S+)\/v1/.exec(output)?.[1];
        const rpc = /gRPC +(\S+)/.exec(output)?.[1];
        if (rest !== undefined && rpc !== undefined && output.includes("Ctrl-C"))
          resolve({ url: rest, grpc: rpc, greeting: output });
      });
      void exited.then((code) =>
        reject(new Error(`the service ended while starting (${code}): ${errors.join("\n")} ${output}`)),
      );
    },
  );

  return {
    url,
    grpc,
    dataDir,
    greeting,
    process: child,
    ...{ log, rawLog, logged },
    trainerPid: () => {
      const newest = log.filter(({ role }) => role === "trainer").at(-1);
      if (newest === undefined) throw new Error("no trainer has said anything yet");
      return newest.pid;
    },
    stop: async (signal = "SIGINT") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return exited;
    },
  };
};

/** Whether a process of this id is alive (a zombie counts as alive until its parent has looked). */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
