// An engine thread that goes wrong in the way that the job's name says.
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";

const ownThread = () =>
  process.platform === "linux" ? Number(readlinkSync("/proc/thread-self").split("/").at(-1)) : null;

const lead = {
  crash: () => {
    throw new Error("a mistake in the engine");
  },
  exit: () => process.exit(3),
  hang: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  linger: () => parentPort.postMessage({ type: "started", secondsBefore: 0 }),
  overtime: () => parentPort.postMessage({ type: "started", secondsBefore: 3600 }),
  "crash of a member": () => parentPort.postMessage({ type: "recruit", team: { plan: { threads: 2 } } }),
  starve: () => {
    const cpu = /Cpus_allowed_list:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1];
    execFileSync("taskset", ["-cp", cpu, String(ownThread())]);
    setPriority(19);
    parentPort.postMessage({ type: "started", secondsBefore: 0 });
    // A second of computing without a heartbeat.
    const ranNanoseconds = () => Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]);
    const end = ranNanoseconds() + 1e9;
    while (ranNanoseconds() < end);
    lead.nothing();
  },
  nothing: () => {
    parentPort.postMessage({ type: "event", level: "info", name: "said", message: "", data: {} });
    parentPort.postMessage({ type: "finished", end: { type: "stopped" } });
    parentPort.postMessage({ type: "idle" });
  },
};

parentPort.postMessage({ type: "ready", thread: ownThread() });
parentPort.on("message", (task) => {
  if (task.type === "join") throw new Error("a member fell");
  setInterval(() => Atomics.add(task.order.control.words, 1, task.order.spec.name === "hang" ? 0 : 1), 100);
  lead[task.order.spec.name]();
});
