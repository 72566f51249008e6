import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { readMachine } from "../../../src/main/processes/machine.ts";

const GIB = 1024 ** 3;
const host = { cores: 16, memoryBytes: 64 * GIB };
/** What version 1 says where there is no limit. */
const unlimited = "9223372036854771712";

describe("what a process is given of its machine", () => {
  let root = "";
  afterEach(() => rm(root, { recursive: true, force: true }));
  const machineOf = async (files: Record<string, string>) => {
    root = await mkdtemp(join(tmpdir(), "descent-machine-"));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), `${text}\n`);
    }
    return readMachine(root, host);
  };

  test("is all of it where nothing says less", async () => {
    expect(await machineOf({})).toEqual(host);
    const none = { "memory.max": "max", "cpu.max": "max 100000" };
    const files = Object.entries(none).map(([name, text]) => [`sys/fs/cgroup/${name}`, text]);
    expect(await machineOf({ "proc/self/cgroup": "0::/", ...Object.fromEntries(files) })).toEqual(host);
  });

  test.each([
    {
      what: "version 2, as a container sees itself",
      files: {
        "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/memory.max": String(2 * GIB),
        "sys/fs/cgroup/cpu.max": "250000 100000",
      },
    },
    {
      what: "version 2, a limit of a group above",
      files: {
        "proc/self/cgroup": "0::/kubepods/pod1/box",
        "sys/fs/cgroup/kubepods/memory.max": String(8 * GIB),
        "sys/fs/cgroup/kubepods/pod1/memory.max": String(2 * GIB),
        "sys/fs/cgroup/kubepods/pod1/box/memory.max": "max",
        "sys/fs/cgroup/kubepods/pod1/cpu.max": "200000 100000",
      },
    },
    {
      what: "version 1, whose path is the host's",
      files: {
        "proc/self/cgroup": "5:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": String(2 * GIB),
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
      },
    },
    {
      what: "a hybrid of both",
      files: {
        "proc/self/cgroup": "4:memory:/a/b\n1:cpu:/\n0::/a",
        "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": unlimited,
        "sys/fs/cgroup/memory/a/memory.limit_in_bytes": String(2 * GIB),
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/unified/a/cpu.max": "200000 100000",
      },
    },
  ])("is what cgroups say: $what", async ({ files }) => {
    expect(await machineOf(files)).toEqual({ cores: 2, memoryBytes: 2 * GIB });
  });

  test("is one core at least, and never more than the machine has", async () => {
    const half = { "proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "50000 100000" };
    expect(await machineOf(half)).toEqual({ ...host, cores: 1 });
    const more = { "sys/fs/cgroup/cpu.max": "6400000 100000", "sys/fs/cgroup/memory.max": String(999 * GIB) };
    expect(await machineOf({ "proc/self/cgroup": "0::/", ...more })).toEqual(host);
  });
});
