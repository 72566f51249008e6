import type { TenantId } from "../../domain/ids.ts";
import type { Job, MetricPoint } from "../../domain/jobs/job.ts";
import type { FileEvent } from "../../formats/event-files/event-file.ts";
import { type HyperParameter, sessionEnd, sessionStart } from "../../formats/event-files/hparams.ts";
import type { Deps } from "../deps.ts";
import { endEvent, pointEvent } from "./curve-events.ts";

export const secondsOf = (iso: string): number => Date.parse(iso) / 1000;

/** When a job's run begins for TensorBoard: the seconds of its points count from its first start. */
export const startOf = ({ startedAt, createdAt }: Pick<Job, "startedAt" | "createdAt">): number =>
  secondsOf(startedAt ?? createdAt);

const batch = 500;

async function* pointsOf(deps: Deps, tenant: TenantId, { id }: Job): AsyncGenerator<MetricPoint, void, void> {
  for (let afterStep = -1; ; ) {
    const points = await deps.jobs.metrics(tenant, id, { afterStep, limit: batch });
    yield* points;
    const last = points.at(-1);
    if (last === undefined || points.length < batch) return;
    afterStep = last.step;
  }
}

/** A job's curves and hyper-parameters as events of TensorBoard, in their order. */
export async function* jobEvents(
  deps: Deps,
  tenant: TenantId,
  job: Job,
  hyperParameters: ReadonlyMap<string, HyperParameter>,
): AsyncGenerator<FileEvent, void, void> {
  const start = startOf(job);
  yield { wallSeconds: start, step: 0, values: [sessionStart(job.id, start, hyperParameters)] };
  let last: MetricPoint | null = null;
  for await (const point of pointsOf(deps, tenant, job)) {
    yield pointEvent(point, start);
    last = point;
  }
  if (job.endedAt === null) return;
  const end = secondsOf(job.endedAt);
  const measured = endEvent(job.metrics, last, end);
  if (measured !== null) yield measured;
  const status = job.state === "succeeded" ? "success" : "failure";
  yield { wallSeconds: end, step: last?.step ?? 0, values: [sessionEnd(status, end)] };
}
