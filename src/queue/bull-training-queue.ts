import type { JobId } from "../domain/ids.ts";
import { ANSWER_MS, answered as inTime } from "./answered.ts";
import { type OpenQueueOptions, openQueue } from "./open-queue.ts";
import { LAST_PLACE, QUEUE_NAME } from "./queue-names.ts";
import type { QueueDepth, TrainingQueue } from "./training-queue.ts";

const ENDING_RUN_MS = 800;
const ENDING_LOOK_MS = 20;

const optionsOf = (job: JobId, place: number) => ({ jobId: job, priority: Math.min(place, LAST_PLACE) });

const answered = <T>(ask: () => Promise<T>, limitMs?: number): Promise<T> => inTime("training queue", ask, limitMs);

/** The producer's side on BullMQ. An entry's id is its job's, so a job is never queued twice. */
export const createBullTrainingQueue = ({
  connection,
  onError,
}: Pick<OpenQueueOptions, "connection" | "onError">): TrainingQueue => {
  const jobs = { attempts: 1, removeOnComplete: true, removeOnFail: true, sizeLimit: 65_536 };
  const { ready, close } = openQueue({ name: QUEUE_NAME, connection, jobs, onError });

  /**
   * A run that has just released its job still holds the entry for a moment, and adding now would change nothing and leave the
   * job without an entry. So wait for it; what takes longer is the reconciler's.
   */
  const endingRunIsGone = async (job: string): Promise<void> => {
    for (let waitedMs = 0; waitedMs < ENDING_RUN_MS; waitedMs += ENDING_LOOK_MS) {
      if ((await ready().getJobState(job)) !== "active") return;
      await new Promise((resolve) => setTimeout(resolve, ENDING_LOOK_MS));
    }
  };

  const depth = (): Promise<QueueDepth> =>
    answered(async () => {
      const counts = await ready().getJobCounts("waiting", "prioritized", "delayed", "active");
      const { waiting = 0, prioritized = 0, delayed = 0, active = 0 } = counts;
      return { waiting: waiting + prioritized, delayed, active };
    });

  return {
    add: (entry, { place, isNew = false }) =>
      answered(async () => {
        if (!isNew) await endingRunIsGone(entry.job);
        await ready().add("train", entry, optionsOf(entry.job, place));
      }, ANSWER_MS + ENDING_RUN_MS),
    addAll: (entries) =>
      answered(async () => {
        const added = entries.map(({ place, ...data }) => ({ name: "train", data, opts: optionsOf(data.job, place) }));
        await ready().addBulk(added);
      }),
    remove: (entry) =>
      answered(async () => {
        await ready().remove(entry.job);
      }),
    has: (entry) =>
      answered(async () => {
        const state = await ready().getJobState(entry.job);
        return state !== "unknown" && state !== "completed" && state !== "failed";
      }),
    jobs: () =>
      answered(async () => new Set(await ready().getRanges(["wait", "prioritized", "delayed", "active"], 0, -1))),
    counts: async () => {
      const { waiting, delayed, active } = await depth();
      return { waiting: waiting + delayed, active };
    },
    depth,
    close,
  };
};
