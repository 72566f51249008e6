import { execFileSync, fork } from "node:child_process";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { endTogether } from "../chaos/end-together.mjs";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** One run of the generator; resolves to what came of it. */
export const generate = (order) =>
  new Promise((resolve, reject) => {
    const child = endTogether(fork(path("generator.mjs")));
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the generator ended (${code})`)));
    child.send(order);
  });

export const startBareServer = async (folder) => {
  const child = endTogether(fork(path("bare-server.mjs"), [folder]));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const { url } = await new Promise((resolve, reject) => {
    child.once("message", resolve);
    void ended.then((code) => reject(new Error(`the bare server ended (${code})`)));
  });
  return {
    url,
    pid: child.pid,
    stop: () => {
      if (child.connected) child.send("stop");
      return ended;
    },
  };
};

/** Seconds of processor time that the process has used so far, of all its threads; null where the system does not tell so. */
export const processorSecondsOf = async (pid) => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (stat === null) return null;
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return (user + system) / 100;
};

/** Bytes of memory that the process has in use. */
export const rssOf = async (pid) => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => null);
  if (status !== null) return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)])) * 1024;
};

/** One look at /healthz over a connection of its own, as a probe does: milliseconds, or the reason why there is no 200. */
const lookAtHealth = (url, limitMs) =>
  new Promise((resolve) => {
    const startMs = performance.now();
    const asked = request(`${url}/healthz`, { agent: false, timeout: limitMs }, (response) => {
      response.resume();
      response.once("end", () =>
        resolve(
          response.statusCode === 200
            ? { ms: performance.now() - startMs }
            : { failure: `status ${response.statusCode}` },
        ),
      );
    });
    asked.once("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.once("error", (error) => resolve({ failure: error.code ?? error.message }));
    asked.end();
  });

/** Looks at health again and again, and at what the processes hold, until `stop`. */
export const watch = (url, pids, everyMs = 50) => {
  const [times, failures, rss] = [[], [], Object.fromEntries(Object.keys(pids).map((name) => [name, []]))];
  const startMs = performance.now();
  let longest = { ms: 0, atSeconds: 0 };
  let stopped = false;
  const loop = async () => {
    while (!stopped) {
      const atSeconds = (performance.now() - startMs) / 1000;
      const { ms, failure } = await lookAtHealth(url, 5000);
      if (ms > longest.ms) longest = { ms, atSeconds };
      if (failure === undefined) times.push(ms);
      else failures.push(failure);
      for (const [name, pid] of Object.entries(pids)) rss[name].push(await rssOf(pid));
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  const done = loop();
  return async () => {
    stopped = true;
    await done;
    return { times: times.sort((a, b) => a - b), longestAtSeconds: longest.atSeconds, failures, rss };
  };
};
