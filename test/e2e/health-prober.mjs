import { existsSync, readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

/**
 * Asks for health again and again; told "begin" it forgets the worst answer so far, told "end" it says how many milliseconds that took.
 * What the machine does beside is none of the service's doing: where Linux tells, the milliseconds are those of a core that the
 * service's event loop used between question and answer, less those in which this thread was kept from looking.
 */
const { url, pid } = workerData;
const loop = `/proc/${pid}/task/${pid}/schedstat`;
const self = "/proc/thread-self/schedstat";
const told = existsSync(loop) && existsSync(self);

/** A thread's milliseconds on a core, and in line for one. */
const schedule = (path) => {
  const [ran, waited] = readFileSync(path, "utf8").split(" ");
  return { ranMs: ran / 1e6, waitedMs: waited / 1e6 };
};
const clockMs = () => (told ? schedule(loop).ranMs - schedule(self).waitedMs : performance.now());

let worstMs = 0;
parentPort.on("message", (word) => {
  if (word === "end") parentPort.postMessage(worstMs);
  worstMs = 0;
});
for (;;) {
  const startMs = clockMs();
  const response = await fetch(`${url}/healthz`);
  if (response.status !== 200) throw new Error(`health answered ${response.status}`);
  await response.arrayBuffer();
  worstMs = Math.max(worstMs, clockMs() - startMs);
  await new Promise((resolve) => setTimeout(resolve, 5));
}
