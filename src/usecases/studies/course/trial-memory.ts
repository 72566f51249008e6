import type { StudyId, TenantId } from "../../../domain/ids.ts";
import type { Trial } from "../../../domain/studies/study.ts";
import type { Deps } from "../../deps.ts";

/** The trials of the studies that were advanced last, with the version that they are of: reading a thousand of them at every step would make a study's cost grow with its square. */
export interface TrialMemory {
  read(deps: Pick<Deps, "studies">, study: { tenant: TenantId; id: StudyId; version: number }): Promise<Trial[]>;
  keep(study: { tenant: TenantId; id: StudyId; version: number }, trials: Trial[]): void;
  forget(study: { tenant: TenantId; id: StudyId }): void;
}

const mostStudies = 8;

export const createTrialMemory = (): TrialMemory => {
  const kept = new Map<string, { version: number; trials: Trial[] }>();
  const keyOf = ({ tenant, id }: { tenant: TenantId; id: StudyId }): string => `${tenant}/${id}`;
  const memory: TrialMemory = {
    read: async ({ studies }, study) => {
      const known = kept.get(keyOf(study));
      if (known?.version === study.version) return known.trials;
      const trials = await studies.trials(study.tenant, study.id);
      memory.keep(study, trials);
      return trials;
    },
    keep: (study, trials) => {
      kept.delete(keyOf(study));
      kept.set(keyOf(study), { version: study.version, trials });
      const [oldest] = kept.keys();
      if (kept.size > mostStudies && oldest !== undefined) kept.delete(oldest);
    },
    forget: (study) => void kept.delete(keyOf(study)),
  };
  return memory;
};
