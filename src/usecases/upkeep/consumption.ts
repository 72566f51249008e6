import { DEFAULT_POOL } from "../../domain/jobs/pool.ts";
import type { TrainingQueue } from "../../queue/training-queue.ts";
import type { HeardHeartbeat } from "../../store/redis/trainer-heartbeats.ts";

/** Whether jobs that wait are taken up by anyone, as seen from outside of the trainers. */
export interface Consumption {
  /** Answers from memory, whatever hangs. Null: nothing is wrong. */
  trouble(): string | null;
  /** Bytes that the pool's largest trainer may use; from memory too. Null: none has been heard. */
  largestTrainer(pool: string): number | null;
  /** The trainers that gave a heartbeat lately, by name. */
  trainers(): readonly HeardHeartbeat[];
}

export interface ConsumptionOptions {
  queue: Pick<TrainingQueue, "depth">;
  pools: () => Promise<readonly string[]>;
  heard: () => readonly HeardHeartbeat[];
  nowMs: () => number;
  /** How long a job may wait beside a trainer with room before that is told. */
  patienceMs: number;
  everyMs?: number;
}

const lookMs = 2000;

const describe = (pool: string, waiting: number, trainers: number, seconds: number): string => {
  const where = pool === DEFAULT_POOL ? "" : ` for the pool ${pool}`;
  const jobs = `${waiting === 1 ? "1 job waits" : `${waiting} jobs wait`}${where}`;
  const how = pool === DEFAULT_POOL ? "" : ` with TRAINER_POOL=${pool}`;
  if (trainers === 0) return `${jobs}, and no trainer has given a heartbeat for ${seconds} s: start one${how}`;
  const none = trainers === 1 ? "the trainer has not" : `none of the ${trainers} trainers has`;
  return `${jobs}, and ${none} taken one up for ${seconds} s, although there is room: restart it`;
};

/** Looks at the queue and the trainers' signs every two seconds. While Redis is away there is nothing to see, and another check tells. */
export const watchConsumption = (
  options: ConsumptionOptions,
): Consumption & { look(): Promise<void>; stop(): void } => {
  const { queue, pools, heard, nowMs, patienceMs, everyMs = lookMs } = options;
  /** By their pools. */
  let stuck = new Map<string, { sinceMs: number; waiting: number; trainers: number }>();
  let taken = new Map<string, number>();

  const look = async (): Promise<void> => {
    const names = await pools();
    const depths = await Promise.all(names.map((pool) => queue.depth(pool)));
    const all = heard();
    const now: typeof stuck = new Map();
    for (const [i, pool] of names.entries()) {
      const signs = all.filter((sign) => sign.pool === pool);
      const took = signs.some((sign) => sign.taken > (taken.get(sign.name) ?? 0));
      const allBusy = signs.length > 0 && signs.every(({ free }) => free === 0);
      const { waiting } = depths[i]!;
      if (waiting === 0 || took || allBusy) continue;
      now.set(pool, { sinceMs: stuck.get(pool)?.sinceMs ?? nowMs(), waiting, trainers: signs.length });
    }
    taken = new Map(all.map((sign) => [sign.name, sign.taken]));
    stuck = now;
  };
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .catch(() => {
        stuck = new Map();
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
    largestTrainer: (pool) => {
      const own = heard().filter((sign) => sign.pool === pool);
      const sizes = own.map(({ memoryBytes }) => memoryBytes);
      return sizes.length === 0 ? null : Math.max(...sizes);
    },
    trouble: () => {
      const told = [...stuck].flatMap(([pool, { sinceMs, waiting, trainers }]) => {
        const ms = nowMs() - sinceMs;
        return ms < patienceMs ? [] : [describe(pool, waiting, trainers, Math.round(ms / 1000))];
      });
      return told.length === 0 ? null : told.join("; ");
    },
  };
};
