import type { MetricPoint, Metrics } from "../../../src/domain/jobs/job.ts";
import type { ArtifactStore } from "../../../src/store/artifacts/artifact-store.ts";
import type { FoldName, FromThread, Phase, RunOrder } from "../../engine/protocol.ts";
import { writeCheckpoint } from "../checkpoint-file.ts";
import { finitePoint } from "../finite-point.ts";
import { patiently } from "../store-retry.ts";
import type { TrainingRunContext } from "../training-run.ts";
import { tellPhase } from "./tell-phase.ts";

/** Messages to the main thread at most this often: a tiny job makes thousands of steps a second. */
const postEveryMs = 100;

/** Collects what a fit says and posts it in handfuls; `flush` posts the rest. */
export const createReports = (post: (message: FromThread) => void) => {
  let points: MetricPoint[] = [];
  let progress = 0;
  let of: FoldName | null = null;
  let metrics: Metrics = {};
  let changed = false;
  let postedMs = performance.now();
  const flush = (): void => {
    postedMs = performance.now();
    if (points.length > 0) post({ type: "points", points });
    if (changed) post({ type: "progress", progress, metrics, of });
    points = [];
    changed = false;
  };
  const soon = (): void => {
    changed = true;
    if (performance.now() - postedMs >= postEveryMs) flush();
  };
  return {
    flush,
    of: (): FoldName | null => of,
    /** What is told from here on is of this fold. */
    speakFor: (fold: FoldName | null): void => {
      flush();
      of = fold;
    },
    onProgress: (value: number): void => {
      progress = value;
      soon();
    },
    onPoint: (measured: MetricPoint): void => {
      const point = finitePoint(measured);
      points.push(point);
      metrics = { ...metrics, trainLoss: point.trainLoss, ...point.metrics };
      soon();
    },
  };
};

/** What every fit of the job is given to tell by. */
export const createContext = (
  artifacts: ArtifactStore,
  order: RunOrder,
  reports: ReturnType<typeof createReports>,
  post: (message: FromThread) => void,
) => ({
  control: order.control,
  checkpointMs: order.checkpointMs,
  trial: order.trial,
  onProgress: reports.onProgress,
  onPoint: reports.onPoint,
  onPhase: (phase: Phase): void => tellPhase(post, phase, reports.of()),
  onEvent: ({ level, type, message, data }: Parameters<TrainingRunContext["onEvent"]>[0]): void => {
    reports.flush();
    post({ type: "event", level, name: type, message, data });
  },
  writeCheckpoint: async (content: Parameters<TrainingRunContext["writeCheckpoint"]>[0]): Promise<void> => {
    reports.flush();
    const startMs = performance.now();
    const { record, bytes } = await patiently(() => writeCheckpoint(artifacts, order, content));
    const seconds = (performance.now() - startMs) / 1000;
    post({ type: "checkpoint", record, bytes, seconds, of: reports.of() });
  },
});
