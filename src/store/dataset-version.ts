import type { Dataset } from "../domain/datasets/dataset.ts";
import type { TenantId } from "../domain/ids.ts";
import type { Job } from "../domain/jobs/job.ts";
import { type ArtifactStore, artifactKeys } from "./artifacts/artifact-store.ts";
import { readManifest } from "./artifacts/manifest-file.ts";
import type { Catalogue } from "./catalogue.ts";

export const versionOf = ({ version }: Pick<Dataset, "version">): number => version ?? 1;

/** The data set of a job, with the types that it was planned with. `not_found` once it is deleted. */
export const datasetOfJob = async (
  { artifacts, catalogue }: { artifacts: ArtifactStore; catalogue: Pick<Catalogue, "dataset"> },
  tenant: TenantId,
  { spec, plan }: Pick<Job, "spec" | "plan">,
): Promise<Dataset> => {
  const recorded = await catalogue.dataset(tenant, spec.dataset);
  const version = plan.datasetVersion ?? 1;
  if (versionOf(recorded) === version) return recorded;
  const key = artifactKeys.datasetVersion(tenant, recorded.id, version);
  return (await readManifest(artifacts, key, `version ${version} of ${recorded.id}`)) as Dataset;
};
