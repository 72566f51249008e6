import { countRows } from "../../../data/splits/count-rows.ts";
import type { JobSpec, ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import type { CountedDataset } from "../../../domain/jobs/spec/rows/counted-rows.ts";
import { artifactKeys } from "../../../store/artifacts/artifact-store.ts";
import { checkFile, openVerified } from "../../../store/artifacts/verified.ts";
import type { Caller } from "../../admission/caller.ts";
import type { Deps } from "../../deps.ts";

/** A data set with what a job's split must know of its rows; the file is read only where its manifest does not tell. */
export const countedDataset = (
  { artifacts }: Pick<Deps, "artifacts">,
  { tenant }: Pick<Caller, "tenant">,
  spec: Pick<JobSpec | ResolvedJobSpec, "task" | "training">,
  dataset: CountedDataset,
): Promise<CountedDataset> => {
  const key = artifactKeys.datasetFile(tenant, dataset.id, dataset.format);
  return countRows(spec, dataset, () => openVerified(artifacts, key, checkFile(dataset), `the file of ${dataset.id}`));
};
