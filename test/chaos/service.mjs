import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { endTogether } from "./end-together.mjs";

export const mainScript = fileURLToPath(new URL("../../dist/src/main.js", import.meta.url));

export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** The private Redis's process id, by its own word; null when it does not answer. */
const askRedisPid = (socketPath) =>
  new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    let text = "";
    const finish = (pid) => {
      socket.destroy();
      resolve(pid);
    };
    socket.setTimeout(1000, () => finish(null));
    socket.once("error", () => finish(null));
    socket.once("connect", () => socket.write("INFO server\r\n"));
    socket.on("data", (data) => {
      text += data;
      const pid = /process_id:(\d+)/.exec(text)?.[1];
      if (pid !== undefined) finish(Number(pid));
    });
  });

export const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Sends a signal; a process that ended by itself meanwhile is no error. */
export const signal = (pid, name) => {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (error.code === "ESRCH") return false;
    throw error;
  }
};

/** The environment without what would lead to another service. */
export const withoutSettings = () => {
  const { REDIS_URL: _redis, ARTIFACT_URL: _artifacts, API_KEYS_FILE: _keys, ...rest } = process.env;
  return rest;
};

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return { level: "raw", msg: text };
  }
};

/** Keeps what is logged, and the processes that said that they are ready. A line that is no JSON (what Node says of itself) is kept as it is. */
export const followLog = (stream, log, pids) =>
  createInterface({ input: stream }).on("line", (text) => {
    const line = parsed(text);
    log.push(line);
    if (line.msg === "trainer ready") pids.trainer.add(line.pid);
    if (line.msg === "api ready") pids.api.add(line.pid);
  });

/**
 * The whole service as a user starts it, on fixed ports, so that a restarted API is found again, with short leases and
 * intervals, so that minutes of production fit into seconds. Everything it logs is kept.
 */
export const startService = async (folder, { workers, leaseSeconds, checkpointSeconds, env = {} }) => {
  const [port, grpcPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [mainScript], {
    env: {
      ...withoutSettings(),
      ...{ PORT: String(port), GRPC_PORT: String(grpcPort), DATA_DIR: folder, LOG_LEVEL: "info" },
      ...{ WORKERS: String(workers), TRAINER_THREADS: "2", DRAIN_SECONDS: "10" },
      ...{ LEASE_SECONDS: String(leaseSeconds), CHECKPOINT_SECONDS: String(checkpointSeconds) },
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const pids = { api: new Set(), trainer: new Set() };
  const log = [];
  followLog(child.stderr, log, pids);
  // What is frozen cannot notice that it is to end.
  const kill = () => {
    if (child.exitCode !== null) return;
    for (const pid of [...pids.trainer, ...pids.api]) signal(pid, "SIGCONT");
    child.kill("SIGTERM");
  };
  endTogether(child, kill);
  const exited = new Promise((resolve) => child.once("close", (code) => resolve(code)));
  await new Promise((resolve, reject) => {
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
      if (output.includes("Ctrl-C")) resolve();
    });
    void exited.then((code) => {
      const last = log.slice(-5).map(({ msg }) => msg);
      reject(new Error(`the service ended while starting (${code}): ${last.join("; ")} ${output}`));
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    log,
    alive: (role) => [...pids[role]].filter(isAlive),
    redisPid: () => askRedisPid(join(folder, "redis", "redis.sock")),
    stop: () => {
      child.kill("SIGTERM");
      return exited;
    },
    /** For the end of a run that went wrong. */
    kill,
  };
};
