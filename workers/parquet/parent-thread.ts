import { workerData } from "node:worker_threads";

const everyMs = 1000;

// A decoder that loops for ever hears of nothing: whoever started it may be gone.
setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL");
}, everyMs);
