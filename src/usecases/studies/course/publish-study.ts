import type { TenantId } from "../../../domain/ids.ts";
import { limits } from "../../../domain/limits.ts";
import type { Study } from "../../../domain/studies/study.ts";
import { artifactKeys } from "../../../store/artifacts/artifact-store.ts";
import type { Deps } from "../../deps.ts";

/** Writes a finished study with its trials and events to the artifact store, from which it can be recorded again. What fails is the sweep's. */
export const publishStudy = async (
  { artifacts, studies, log }: Pick<Deps, "artifacts" | "studies" | "log">,
  tenant: TenantId,
  study: Study,
): Promise<void> => {
  try {
    const trials = await studies.trials(tenant, study.id);
    const events = await studies.events(tenant, study.id, { from: null, limit: limits.eventsPerJob });
    const text = JSON.stringify({ ...study, trials, events }, null, 1);
    await artifacts.write(artifactKeys.studyManifest(tenant, study.id), new TextEncoder().encode(`${text}\n`));
    await studies.published(tenant, study.id);
  } catch (error) {
    log.warn(
      { tenant, study: study.id, err: error },
      "the finished study's file could not be written; the sweep will do it",
    );
  }
};
