import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Service } from "./service.ts";

/** In what time health answers, in milliseconds of a core that the event loop has used meanwhile. */
export const healthMs = 250;

export interface HealthProber {
  /** The slowest answer of health beside the work. */
  slowestBeside(work: () => Promise<unknown>): Promise<number>;
  close(): Promise<void>;
}

export const startHealthProber = async (service: Service): Promise<HealthProber> => {
  const prober = new Worker(new URL("./health-prober.mjs", import.meta.url), {
    workerData: { url: service.url, pid: (await service.logged(({ msg }) => msg === "api ready")).pid },
  });
  return {
    slowestBeside: async (work) => {
      prober.postMessage("begin");
      await work();
      prober.postMessage("end");
      const [slowestMs] = await once(prober, "message");
      return slowestMs;
    },
    close: async () => void (await prober.terminate()),
  };
};
