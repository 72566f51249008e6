// Loaded into a trainer with NODE_OPTIONS=--import=…, and by that into its engine threads, so that a test can reach what no signal
// reaches: SIGUSR2 makes every thread that leads a job throw, SIGPROF makes it stand still for ever. The trainer itself is the real one.
import { isMainThread } from "node:worker_threads";

const channel = new BroadcastChannel("engine-fault");
channel.unref();

if (isMainThread) {
  process.on("SIGUSR2", () => channel.postMessage("crash"));
  process.on("SIGPROF", () => channel.postMessage("hang"));
} else {
  const fall = () => {
    throw new Error("a fault that was provoked");
  };
  channel.onmessage = ({ data }) => {
    if (data === "crash") setImmediate(fall);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}
