// What the commands of this folder have in common: they run containers, ask the API in them, wait, and tell what they saw as a table in Markdown.
import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const execute = promisify(execFile);
const POLL_MS = 200;

/** Runs programs in the root folder; gives what they say. */
export const createRunner =
  (environment) =>
  async (program, ...args) =>
    (await execute(program, args, { cwd: root, env: environment, maxBuffer: 64e6 })).stdout.trim();

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Milliseconds until it is so. */
export const until = async (what, isSo, withinMs = 180_000) => {
  const start = performance.now();
  while (!(await isSo())) {
    if (performance.now() - start > withinMs) throw new Error(`${what}: not within ${withinMs / 1000} s`);
    await delay(POLL_MS);
  }
  return performance.now() - start;
};

/** 0: no answer. */
export const statusAt = async (base, path) => {
  try {
    const response = await fetch(base + path, { signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
};

/** Asks an API with a key. */
export const createAsker = (url, key, withinMs) => {
  const ask = async (accept, path, body, type = "application/json") => {
    const response = await fetch(url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { accept, authorization: `Bearer ${key}`, ...(body === undefined ? {} : { "content-type": type }) },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${answer}`);
    return answer;
  };
  const request = async (...args) => JSON.parse(await ask("application/json", ...args));
  return {
    request,
    /** The record of a job or study that has ended. */
    finished: async (path) => {
      let record;
      const isDone = async () => {
        record = await request(path);
        return record.done;
      };
      await until(path, isDone, withinMs);
      return record;
    },
    /** Of a job that succeeded. */
    digestOf: async ({ model, state, id, error }) => {
      if (state !== "succeeded") throw new Error(`job ${id} ${state}: ${JSON.stringify(error)}`);
      return (await request(`/v1/models/${model}`)).digest;
    },
    /** Labels and value of each sample of a metric. */
    samples: async (name) => {
      const lines = (await ask("*/*", "/metrics")).matchAll(new RegExp(`^${name}\\{(.*)\\} (\\S+)`, "gm"));
      return [...lines].map(([, labels, value]) => ({
        ...Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text])),
        value: Number(value),
      }));
    },
  };
};

/** Rows of what was tried, whether it was so, and what was seen. */
export const createNotes = () => {
  const rows = [];
  return {
    note: (what, isSo, seen = "") => {
      rows.push(`| ${what} | ${isSo ? "yes" : "**no**"} | ${seen} |`);
      process.stderr.write(`${rows.at(-1)}\n`);
    },
    /** Prints the table; exit code 1 if a row says no. */
    tell: () => {
      process.stdout.write(["| | | seen |", "| --- | --- | --- |", ...rows, ""].join("\n"));
      process.exitCode = rows.some((row) => row.includes("**no**")) ? 1 : 0;
    },
  };
};
