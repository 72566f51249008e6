import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import type { Machine } from "../../config.ts";

/** What the file says, trimmed; null where there is none: another version of cgroups, or another system. */
const read = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
};

/** A number above 0; null for `max`, −1 and what is not there. */
const limit = (text: string | null | undefined): number | null => {
  const value = Number(text);
  return text !== "" && Number.isFinite(value) && value > 0 ? value : null;
};

const smallest = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
};

/** `/a/b` → `/a/b`, `/a`, ``: a limit of any group above holds as well. In a container the path may be the host's, and only the last is there. */
const upwards = (path: string): string[] => {
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, cut) => parts.slice(0, parts.length - cut).join("/"));
};

interface Group {
  memoryBytes: number | null;
  cores: number | null;
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html: `memory.max`, and `cpu.max` with quota and period. */
const readUnified = (folder: string): Group => {
  const [quota, period] = (read(join(folder, "cpu.max")) ?? "").split(" ").map(limit);
  return {
    memoryBytes: limit(read(join(folder, "memory.max"))),
    cores: quota && period ? quota / period : null,
  };
};

/** https://docs.kernel.org/admin-guide/cgroup-v1/: one tree for each controller; without a limit the memory's is about 2⁶³. */
const readMemory = (folder: string): Group => ({
  memoryBytes: limit(read(join(folder, "memory.limit_in_bytes"))),
  cores: null,
});
const readCpu = (folder: string): Group => {
  const quota = limit(read(join(folder, "cpu.cfs_quota_us")));
  const period = limit(read(join(folder, "cpu.cfs_period_us")));
  return { memoryBytes: null, cores: quota !== null && period !== null ? quota / period : null };
};

/** Lines of /proc/self/cgroup: `0::/path` in version 2, `4:memory:/path` for a controller in version 1; both in a hybrid. */
const groupsOf = (root: string): Group[] =>
  (read(join(root, "proc/self/cgroup")) ?? "").split("\n").flatMap((line) => {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const tree = (name: string, readGroup: (folder: string) => Group): Group[] =>
      upwards(path).map((each) => readGroup(join(root, "sys/fs/cgroup", name, each)));
    if (controllers === "") return [...tree("", readUnified), ...tree("unified", readUnified)];
    return controllers
      .split(",")
      .flatMap((name) => (name === "memory" ? tree("memory", readMemory) : name === "cpu" ? tree("cpu", readCpu) : []));
  });

/**
 * What this process is given of its machine: the system's own numbers, or less where a container's limits (cgroups of either version)
 * say so. A part of a core counts only when it is all there is: a thread that waits for its quota keeps its team waiting.
 */
export const readMachine = (
  root = "/",
  host: Machine = { cores: availableParallelism(), memoryBytes: totalmem() },
): Machine => {
  const groups = groupsOf(root);
  const cores = smallest(groups.map((group) => group.cores));
  const memoryBytes = smallest(groups.map((group) => group.memoryBytes));
  return {
    cores: cores === null ? host.cores : Math.min(host.cores, Math.max(1, Math.floor(cores))),
    memoryBytes: memoryBytes === null ? host.memoryBytes : Math.min(host.memoryBytes, memoryBytes),
  };
};
