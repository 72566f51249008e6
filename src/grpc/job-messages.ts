import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import { retryAfterOf, ServiceError, toProblem } from "../domain/errors.ts";
import type { Job, JobEvent, MetricPoint } from "../domain/jobs/job.ts";
import type { JobOutcome } from "../domain/jobs/job-batch.ts";
import type { JobState } from "../domain/jobs/job-state.ts";
import type { Page } from "../domain/page.ts";
import { Encoded, writeParts } from "./encoded.ts";
import * as wire from "./generated/descent/v1/jobs.ts";
import { toJobSpec, toStruct } from "./job-spec.ts";

export const toJobState = (state: JobState): wire.JobState =>
  wire.JobState[`JOB_STATE_${state.toUpperCase() as Uppercase<JobState>}`];

/** The domain's name of a state; one that this server does not know stays as its number, for the filter's error to show. */
export const fromState = (state: wire.JobState): string | undefined => {
  if (state === wire.JobState.JOB_STATE_UNSPECIFIED) return undefined;
  const name = Object.entries(wire.JobState).find(([, number]) => number === state)?.[0];
  return name?.replace("JOB_STATE_", "").toLowerCase() ?? String(state);
};

export const toJob = (job: Job): wire.Job => ({
  id: job.id,
  state: toJobState(job.state),
  done: job.done,
  progress: job.progress,
  spec: toJobSpec(job.spec),
  plan: job.plan,
  history: job.history.map(({ state, ...entry }) => ({ ...entry, state: toJobState(state) })),
  createdAt: job.createdAt,
  startedAt: job.startedAt ?? undefined,
  endedAt: job.endedAt ?? undefined,
  attempt: job.attempt,
  metrics: job.metrics,
  model: job.model ?? undefined,
  error: job.error ?? undefined,
  origin: job.origin && { ...job.origin, traceparent: job.origin.traceparent ?? undefined },
  prediction: job.prediction && { ...job.prediction, result: job.prediction.result ?? undefined },
});

export const toOutcome = (outcome: JobOutcome, index: number, requestId = ""): wire.JobOutcome => {
  if (!(outcome instanceof ServiceError))
    return { index, ...outcome, problem: undefined, retryAfterSeconds: undefined };
  const problem = toProblem(outcome, requestId);
  return {
    ...{ index, id: undefined, created: false, retryAfterSeconds: retryAfterOf(outcome) ?? undefined },
    problem: { ...problem, errors: [...problem.errors], requestId },
  };
};

/** What is written of an event by one server may be read by another version: what is not as expected is left to `data`. */
const detailOf = ({ type, data }: JobEvent): wire.JobEvent["detail"] => {
  const numberOf = (key: string): number | undefined => {
    const value = data[key];
    return typeof value === "number" ? value : undefined;
  };
  switch (type) {
    case "state": {
      const state: wire.JobState | undefined = toJobState(data.state as JobState);
      return state === undefined ? undefined : { $case: "state", value: { state, attempt: numberOf("attempt") } };
    }
    case "progress": {
      const { progress, ...rest } = data;
      if (typeof progress !== "number") return undefined;
      const metrics = Object.fromEntries(Object.entries(rest).filter(([, value]) => typeof value === "number"));
      return { $case: "progress", value: { progress, metrics: metrics as Record<string, number> } };
    }
    case "checkpoint": {
      const [step, bytes, seconds] = ["step", "bytes", "seconds"].map(numberOf);
      if (step === undefined || bytes === undefined || seconds === undefined) return undefined;
      return { $case: "checkpoint", value: { step, bytes, seconds } };
    }
    default:
      return undefined;
  }
};

export const toEvent = (event: JobEvent): wire.JobEvent => ({
  ...event,
  data: toStruct(event.data),
  detail: detailOf(event),
});

export async function* toEvents(events: AsyncIterable<JobEvent>): AsyncGenerator<wire.JobEvent, void, void> {
  for await (const event of events) yield toEvent(event);
}

function* partsOfJobs({ items, nextPageToken }: Page<Job>): Generator<BinaryWriter, void, void> {
  for (const item of items) yield wire.ListJobsResponse.encode({ items: [toJob(item)], nextPageToken: undefined });
  yield wire.ListJobsResponse.encode({ items: [], nextPageToken: nextPageToken ?? undefined });
}

export const encodeJobs = async (page: Page<Job>): Promise<Encoded<wire.ListJobsResponse>> =>
  new Encoded(await writeParts(partsOfJobs(page)));

function* partsOfEvents(items: readonly JobEvent[], nextAfter: string | null): Generator<BinaryWriter, void, void> {
  for (const item of items) yield wire.ListJobEventsResponse.encode({ items: [toEvent(item)], nextAfter: undefined });
  yield wire.ListJobEventsResponse.encode({ items: [], nextAfter: nextAfter ?? undefined });
}

export const encodeEvents = async (
  items: readonly JobEvent[],
  nextAfter: string | null,
): Promise<Encoded<wire.ListJobEventsResponse>> => new Encoded(await writeParts(partsOfEvents(items, nextAfter)));

function* partsOfPoints(items: readonly MetricPoint[], nextAfter: number | null): Generator<BinaryWriter, void, void> {
  for (const item of items) yield wire.ListJobMetricsResponse.encode({ items: [item], nextAfter: undefined });
  yield wire.ListJobMetricsResponse.encode({ items: [], nextAfter: nextAfter ?? undefined });
}

export const encodePoints = async (
  items: readonly MetricPoint[],
  nextAfter: number | null,
): Promise<Encoded<wire.ListJobMetricsResponse>> => new Encoded(await writeParts(partsOfPoints(items, nextAfter)));
