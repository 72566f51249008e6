import { shownTrial, type Trial } from "../../domain/studies/study.ts";
import { csvRecord } from "../../formats/csv/write-csv.ts";
import type { Caller } from "../admission/caller.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";

const columns = [
  ...(["number", "job", "state", "objective", "epochs", "rung", "bracket", "guess"] as const),
  ...(["createdAt", "startedAt", "endedAt", "model", "error"] as const),
];

const cellOf = (value: unknown): string | null => {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
};

/** All trials of a study as CSV: a line for each in the order of their numbers, and a column for each pointer of the space; choices that are no words as JSON. */
export const exportTrials = async (deps: Deps, caller: Caller, { id }: { id: string }): Promise<string> => {
  const known = parseStudyId(id);
  const { study } = await deps.studies.get(caller.tenant, known);
  const trials = (await deps.studies.trials(caller.tenant, known)).map((trial) => shownTrial(study, trial));
  const pointers = Object.keys(study.spec.space);
  const seen = ["finished", "stopped", "running"] as const;
  const lines = trials.map((trial: Trial) =>
    csvRecord([
      ...columns.map((column) => cellOf(trial[column])),
      ...pointers.map((pointer) => cellOf(trial.values[pointer])),
      ...seen.map((part) => trial.seen[part]),
    ]),
  );
  return csvRecord([...columns, ...pointers, ...seen.map((part) => `seen.${part}`)]) + lines.join("");
};
