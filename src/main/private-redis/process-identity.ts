import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { errorCode } from "../../store/artifacts/file-error.ts";

/** A process beyond its number, which the system gives to another one later. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the system's own words. */
  started: string;
}

/** Null if there is no such process (a zombie is none). */
export const identify = async (pid: number): Promise<ProcessIdentity | null> => {
  const started = process.platform === "linux" ? await startedOnLinux(pid) : await startedByPs(pid);
  return started === null ? null : { pid, started };
};

export const isRunning = async (identity: ProcessIdentity): Promise<boolean> =>
  (await identify(identity.pid))?.started === identity.started;

/** Field 22 of /proc/pid/stat: start time in clock ticks since boot; field 3 is the state. See proc(5). */
const startedOnLinux = async (pid: number): Promise<string | null> => {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ESRCH") return null;
    throw error;
  }
};

const startedByPs = (pid: number): Promise<string | null> =>
  new Promise((resolve) => {
    execFile("ps", ["-o", "stat=,lstart=", "-p", String(pid)], (error, output) => {
      const [state = "", ...started] = output.trim().split(/\s+/);
      resolve(error !== null || state === "" || state.startsWith("Z") ? null : started.join(" "));
    });
  });
