import { spawnSync } from "node:child_process";
import { getPriority } from "node:os";
import { expect, test } from "vitest";

const built = new URL("../../dist/workers/engine/lower-priority.js", import.meta.url).href;

/** Loaded before the superuser's rights are given up, as a checkout need not be readable to everyone. */
const script = `
  const { lowerPriority } = await import(${JSON.stringify(built)});
  const { getPriority } = await import("node:os");
  if (process.getuid() === 0) process.setuid(65534);
  lowerPriority();
  console.log(getPriority());
`;

test.runIf(process.platform === "linux").for([0, 5, 15])(
  "a process started %i below the usual priority lowers its own, without special rights",
  (start) => {
    const run = spawnSync("nice", ["-n", String(start), process.execPath, "--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    expect(run).toMatchObject({ status: 0, stdout: `${Math.min(19, getPriority() + start + 10)}\n` });
  },
);
