import type { StudyId, TenantId } from "../../domain/ids.ts";
import type { Job } from "../../domain/jobs/job.ts";
import type { FileEvent } from "../../formats/event-files/event-file.ts";
import type { Logged, MlflowPair } from "../../tracking/mlflow.ts";
import type { Deps } from "../deps.ts";
import { hyperParametersOf } from "../event-files/hyper-parameters.ts";
import { jobEvents } from "../event-files/job-events.ts";

const mostKeyCharacters = 250;
const mostTagCharacters = 5000;

/** What MLflow takes as the name of a metric or parameter: other characters become their code, so that two names stay two. */
export const toKey = (name: string): string =>
  name
    .replace(/[^\w. /-]/gu, (character) => `_u${character.codePointAt(0)?.toString(16)}_`)
    .slice(0, mostKeyCharacters);

const metricsOf = ({ wallSeconds, step, values }: FileEvent): Logged["metrics"][number][] =>
  values.flatMap((each) =>
    "value" in each && Number.isFinite(each.value)
      ? [{ key: toKey(each.tag), value: each.value, timestamp: Math.round(1000 * wallSeconds), step }]
      : [],
  );

/** By which the run of a job is found again: a second attempt goes on with it. */
export const jobTag = "descent.job";

export const tagsOf = (
  tenant: TenantId,
  { id, spec, state, model, error }: Job,
  study: StudyId | null,
): MlflowPair[] => {
  const tags = {
    ...{ [jobTag]: id, "descent.tenant": tenant, "descent.dataset": spec.dataset, "descent.state": state },
    ...(model === null ? {} : { "descent.model": model }),
    ...(spec.base === undefined ? {} : { "descent.base": spec.base.model }),
    ...(study === null ? {} : { "descent.study": study }),
    ...Object.fromEntries(Object.entries(spec.labels ?? {}).map(([key, value]) => [toKey(`label.${key}`), value])),
    ...(error === null ? {} : { "descent.error": `${error.code}: ${error.message}` }),
    ...{ "mlflow.user": tenant, "mlflow.source.name": "descent", "mlflow.source.type": "JOB" },
  };
  return Object.entries(tags).map(([key, value]) => ({ key, value: value.slice(0, mostTagCharacters) }));
};

/** Its hyper-parameters, its curves and what it came to, under the names that its event file has. */
export const loggedOf = async (deps: Deps, tenant: TenantId, job: Job, tags: MlflowPair[]): Promise<Logged> => {
  const hyperParameters = hyperParametersOf(job.spec);
  const metrics: Logged["metrics"][number][] = [];
  for await (const event of jobEvents(deps, tenant, job, hyperParameters)) metrics.push(...metricsOf(event));
  const params = [...hyperParameters].map(([name, value]) => ({ key: toKey(name), value: String(value) }));
  return { metrics, params, tags };
};
