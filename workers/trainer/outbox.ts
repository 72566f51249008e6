import { setTimeout as delay } from "node:timers/promises";
import { ServiceError } from "../../src/domain/errors.ts";
import type { JobEvent, MetricPoint, Metrics } from "../../src/domain/jobs/job.ts";
import type { JobState } from "../../src/domain/jobs/job-state.ts";
import type { CheckpointRecord, Fence, JobStore } from "../../src/store/job-store.ts";

export type NewEvent = Omit<JobEvent, "id" | "at">;

/** What a running job has to tell. Writes go out in order, one at a time, and survive an outage of Redis. */
export interface Outbox {
  /** Only the latest is written. */
  progress(progress: number, metrics: Metrics): void;
  points(points: readonly MetricPoint[]): void;
  event(event: NewEvent): void;
  /** `obsolete` is told the keys in the store that nothing needs any more, `refused` this one's when the job is another's. */
  checkpoint(
    record: CheckpointRecord,
    told: { obsolete: (keys: readonly string[]) => void; refused: (key: string) => void },
  ): void;
  /** Settles when everything said so far is written, or the job is lost. */
  drained(): Promise<void>;
}

const firstRetryMs = 50;
const longestRetryMs = 1000;

/** Repeats while Redis is away; null when the signal aborts meanwhile. Other errors are thrown. */
export const whileUnavailable = async <T>(signal: AbortSignal, call: () => Promise<T>): Promise<T | null> => {
  for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
    if (signal.aborted) return null;
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== "unavailable") throw error;
    }
    await delay(waitMs);
  }
};

interface Write {
  /** Resolves to false when the fence is stale. */
  send: () => Promise<boolean>;
  /** Told instead when the job is lost before. */
  dropped?: () => void;
}

/**
 * @param lost aborted by whoever learns that the attempt is over; nothing is written after that
 * @param onLost told when Redis refuses the fence: another attempt holds the job
 * @param onState the job's state as users request it, seen on the way
 */
export const createOutbox = (options: {
  jobs: JobStore;
  fence: Fence;
  lost: AbortSignal;
  onLost: () => void;
  onState: (state: JobState) => void;
  onError: (error: unknown) => void;
  now: () => Date;
}): Outbox => {
  const { jobs, fence, lost, now } = options;
  const queue: Write[] = [];
  let latest: { progress: number; metrics: Metrics } = { progress: 0, metrics: {} };
  let progressQueued = false;
  let batch: MetricPoint[] | null = null;
  let running: Promise<void> | null = null;

  const drain = async (): Promise<void> => {
    for (let write = queue.shift(); write !== undefined; write = queue.shift()) {
      const held = lost.aborted ? null : await whileUnavailable(lost, write.send);
      if (held === null) write.dropped?.();
      if (held === false) options.onLost();
    }
  };
  const add = (send: Write["send"], dropped: () => void = () => {}): void => {
    if (lost.aborted) {
      dropped();
      return;
    }
    queue.push({ send, dropped });
    running ??= drain()
      .catch(options.onError)
      .finally(() => {
        running = null;
      });
  };

  return {
    progress(progress, metrics) {
      latest = { progress, metrics };
      if (progressQueued) return;
      progressQueued = true;
      add(async () => {
        progressQueued = false;
        const { held, state } = await jobs.progress(fence, { ...latest, at: now().toISOString() });
        if (state !== null) options.onState(state);
        return held;
      });
    },
    points(points) {
      if (batch !== null) {
        batch.push(...points);
        return;
      }
      const collected = [...points];
      batch = collected;
      add(() => {
        if (batch === collected) batch = null;
        return jobs.appendMetrics(fence, collected);
      });
    },
    event(event) {
      const at = now().toISOString();
      add(() => jobs.appendEvent(fence, { ...event, at }));
    },
    checkpoint(record, { obsolete, refused }) {
      add(
        async () => {
          const result = await jobs.commitCheckpoint(fence, record);
          if (result === null) refused(record.key);
          else obsolete(result.obsolete);
          return result !== null;
        },
        () => refused(record.key),
      );
    },
    async drained() {
      while (running !== null) await running;
    },
  };
};
