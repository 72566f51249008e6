import type { Worker } from "bullmq";

/** For so long nothing is asked for after Redis refused it. */
const REFUSED_MS = 500;

/**
 * Pauses of a worker: it takes entries again when all of them are over. Whatever a live Redis refuses (too few replicas, a full memory or disk) BullMQ asks for again at once, thousands of times a second, so each
 * refusal is one.
 */
export const createPauses = (
  worker: Pick<Worker, "on" | "pause" | "resume" | "isPaused">,
  { isClosing, onError }: { isClosing: () => boolean; onError: (error: Error) => void },
): ((until: Promise<void>) => void) => {
  let pauses = 0;
  const pause = (until: Promise<void>): void => {
    pauses += 1;
    worker.pause(true).catch(onError);
    void until.then(() => {
      pauses -= 1;
      if (pauses === 0 && !isClosing()) worker.resume().catch(onError);
    });
  };
  worker.on("error", (error) => {
    if (error.name === "ReplyError" && !worker.isPaused())
      pause(new Promise((resolve) => setTimeout(resolve, REFUSED_MS)));
  });
  return pause;
};
