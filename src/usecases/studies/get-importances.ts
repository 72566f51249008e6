import type { Importances } from "../../domain/studies/standing.ts";
import { importancesOf } from "../../search/importances.ts";
import type { Caller } from "../admission/caller.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";
import { ranked } from "./course/choose.ts";
import { dimensionsOf } from "./course/next-trial.ts";
import { signOf } from "./course/seen.ts";

/** How much each parameter matters, from the trials that came to their end. */
export const getImportances = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Importances> => {
  const id = parseStudyId(request.id);
  const { study } = await deps.studies.get(caller.tenant, id);
  const sign = signOf(study.spec.objective.direction);
  const trials = ranked(study, await deps.studies.trials(caller.tenant, id));
  const valued = trials.map(({ point, objective }) => ({ point, value: sign * (objective ?? 0) }));
  return { trials: trials.length, items: importancesOf(dimensionsOf(study), valued) };
};
