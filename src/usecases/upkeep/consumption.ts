import type { TrainingQueue } from "../../queue/training-queue.ts";
import type { HeardHeartbeat } from "../../store/redis/trainer-heartbeats.ts";

/** Whether jobs that wait are taken up by anyone, as seen from outside of the trainers. */
export interface Consumption {
  /** Answers from memory, whatever hangs. Null: nothing is wrong. */
  trouble(): string | null;
  /** Bytes that the largest trainer may use; from memory too. Null: none has been heard. */
  largestTrainer(): number | null;
  /** The trainers that gave a heartbeat lately, by name. */
  trainers(): readonly HeardHeartbeat[];
}

export interface ConsumptionOptions {
  queue: Pick<TrainingQueue, "depth">;
  heard: () => readonly HeardHeartbeat[];
  nowMs: () => number;
  /** How long a job may wait beside a trainer with room before that is told. */
  patienceMs: number;
  everyMs?: number;
}

const lookMs = 2000;

const describe = (waiting: number, trainers: number, seconds: number): string => {
  const jobs = waiting === 1 ? "1 job waits" : `${waiting} jobs wait`;
  if (trainers === 0) return `${jobs}, and no trainer has given a heartbeat for ${seconds} s: start one`;
  const none = trainers === 1 ? "the trainer has not" : `none of the ${trainers} trainers has`;
  return `${jobs}, and ${none} taken one up for ${seconds} s, although there is room: restart it`;
};

/** Looks at the queue and the trainers' signs every two seconds. While Redis is away there is nothing to see, and another check tells. */
export const watchConsumption = (
  options: ConsumptionOptions,
): Consumption & { look(): Promise<void>; stop(): void } => {
  const { queue, heard, nowMs, patienceMs, everyMs = lookMs } = options;
  let stuck: { sinceMs: number; waiting: number; trainers: number } | null = null;
  let taken = new Map<string, number>();

  const look = async (): Promise<void> => {
    const { waiting } = await queue.depth();
    const signs = heard();
    const took = signs.some((sign) => sign.taken > (taken.get(sign.name) ?? 0));
    taken = new Map(signs.map((sign) => [sign.name, sign.taken]));
    const allBusy = signs.length > 0 && signs.every(({ free }) => free === 0);
    if (waiting === 0 || took || allBusy) stuck = null;
    else stuck = { sinceMs: stuck?.sinceMs ?? nowMs(), waiting, trainers: signs.length };
  };
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .catch(() => {
        stuck = null;
      })
      .finally(() => {
        looking = false;
      });
  }, everyMs);
  timer.unref();

  return {
    look,
    trainers: heard,
    stop: () => clearInterval(timer),
    largestTrainer: () => {
      const sizes = heard().map(({ memoryBytes }) => memoryBytes);
      return sizes.length === 0 ? null : Math.max(...sizes);
    },
    trouble: () => {
      if (stuck === null || nowMs() - stuck.sinceMs < patienceMs) return null;
      return describe(stuck.waiting, stuck.trainers, Math.round((nowMs() - stuck.sinceMs) / 1000));
    },
  };
};
