import { parentPort } from "node:worker_threads";

/** Answers with what it was asked, hangs on "hang" and dies of "die". */
parentPort.on("message", ({ id, question }) => {
  while (question === "hang");
  if (question === "die") process.exit(1);
  parentPort.postMessage({ type: "answer", id, answer: question });
});
