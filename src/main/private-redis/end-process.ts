import { setTimeout as delay } from "node:timers/promises";
import { errorCode } from "../../store/artifacts/file-error.ts";
import { isRunning, type ProcessIdentity } from "./process-identity.ts";

const LOOK_MS = 20;

/** SIGTERM (and SIGCONT, should it be frozen), then SIGKILL after `limitMs`. Resolves when the process is gone. */
export const endProcess = async (identity: ProcessIdentity, limitMs: number): Promise<void> => {
  const deadline = performance.now() + limitMs;
  let asked = false;
  let killed = false;
  while (await isRunning(identity)) {
    if (!asked) {
      signal(identity.pid, "SIGTERM");
      signal(identity.pid, "SIGCONT");
      asked = true;
    } else if (!killed && performance.now() > deadline) {
      signal(identity.pid, "SIGKILL");
      killed = true;
    }
    await delay(LOOK_MS);
  }
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error; // gone meanwhile: what was wanted
  }
};
