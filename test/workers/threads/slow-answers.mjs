import { parentPort } from "node:worker_threads";

/** Answers with what it was asked, hangs on "hang", sleeps on "sleep" and dies of "die"; says before "prepared" that it is alive. */
parentPort.on("message", ({ id, question }) => {
  while (question === "hang");
  if (question === "sleep") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (question === "die") process.exit(1);
  if (question === "prepared") parentPort.postMessage({ type: "alive" });
  parentPort.postMessage({ type: "answer", id, answer: question });
});
