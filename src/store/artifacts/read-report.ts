import type { TenantId } from "../../domain/ids.ts";
import type { Model } from "../../domain/models/model.ts";
import type { Report } from "../../domain/models/report.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import { reportOf } from "./model-files.ts";
import { readVerified } from "./verified.ts";

/** A model's report as it was written: one of an earlier version lacks what came later. `corrupt` if the stored one is not what was written. */
export const readReport = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: Model,
): Promise<Partial<Report>> => {
  const { key, check, what } = reportOf(tenant, model);
  return JSON.parse(Buffer.from(await readVerified(artifacts, key, check, what)).toString());
};
