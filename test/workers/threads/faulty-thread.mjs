// An engine thread that goes wrong in the way that the job's name says.
import { parentPort } from "node:worker_threads";

const lead = {
  crash: () => {
    throw new Error("a mistake in the engine");
  },
  exit: () => process.exit(3),
  hang: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  linger: () => parentPort.postMessage({ type: "started", secondsBefore: 0 }),
  overtime: () => parentPort.postMessage({ type: "started", secondsBefore: 3600 }),
  "crash of a member": () => parentPort.postMessage({ type: "recruit", team: { plan: { threads: 2 } } }),
  nothing: () => {
    parentPort.postMessage({ type: "event", level: "info", name: "said", message: "", data: {} });
    parentPort.postMessage({ type: "finished", end: { type: "stopped" } });
    parentPort.postMessage({ type: "idle" });
  },
};

parentPort.on("message", (task) => {
  if (task.type === "join") throw new Error("a member fell");
  setInterval(() => Atomics.add(task.order.control.words, 1, task.order.spec.name === "hang" ? 0 : 1), 100);
  lead[task.order.spec.name]();
});
