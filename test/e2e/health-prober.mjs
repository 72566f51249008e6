import { parentPort, workerData } from "node:worker_threads";

/** Asks for health again and again; told "begin" it forgets the slowest answer so far, told "end" it says how many milliseconds that took. */
let slowestMs = 0;
parentPort.on("message", (word) => {
  if (word === "end") parentPort.postMessage(slowestMs);
  slowestMs = 0;
});
for (;;) {
  const startMs = performance.now();
  const response = await fetch(`${workerData}/healthz`);
  if (response.status !== 200) throw new Error(`health answered ${response.status}`);
  await response.arrayBuffer();
  slowestMs = Math.max(slowestMs, performance.now() - startMs);
  await new Promise((resolve) => setTimeout(resolve, 5));
}
