// Another library in a process of its own: it says {"version"} in its first line, then answers each line `workload seconds` with {"samples", "seconds"}.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { endTogether } from "../chaos/end-together.mjs";

/** Null, with a word on stderr, when the program cannot be started or does not know the library. */
export const startPartner = async (command, args) => {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  endTogether(child);
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  const next = async () => {
    const { value, done } = await lines.next();
    return done ? null : JSON.parse(value);
  };
  const hello = await next();
  if (!hello) {
    process.stderr.write(`${command} ${args.join(" ")} does not run: nothing is compared with it\n`);
    return null;
  }
  return {
    version: hello.version,
    /** Null where the library cannot run the workload. */
    run: async (workload, seconds) => {
      child.stdin.write(`${workload} ${seconds}\n`);
      const answer = await next();
      if (!answer) throw new Error(`${command} ${args.join(" ")} ended`);
      return answer.samples === undefined ? null : answer;
    },
    close: () => child.stdin.end(),
  };
};
