import { ServiceError } from "../../domain/errors.ts";
import { AliasName, DatasetId, JobId, ModelId, StudyId } from "../../domain/ids.ts";

const show = (id: string): string => JSON.stringify(id.slice(0, 80));

const noSuch = (what: string, id: string, hint: string): ServiceError =>
  new ServiceError("not_found", `there is no ${what} ${show(id)}${hint}`);

/**
 * Ids from outside are checked before they become part of any key: what is not shaped like one (`../`, a NUL, another
 * resource's prefix) names nothing, so the answer is 404 as for any other absent resource.
 */
export const parseDatasetId = (id: string): DatasetId => {
  if (!DatasetId.safeParse(id).success) throw noSuch("data set", id, "; ids look like ds_01J…");
  return id;
};

export const parseJobId = (id: string): JobId => {
  if (!JobId.safeParse(id).success) throw noSuch("job", id, "; ids look like job_01J…");
  return id;
};

export const parseStudyId = (id: string): StudyId => {
  if (!StudyId.safeParse(id).success) throw noSuch("study", id, "; ids look like std_01J…");
  return id;
};

export const parseAliasName = (name: string): string => {
  if (!AliasName.safeParse(name).success) throw noSuch("alias", name, "");
  return name;
};

/** A model is named by its id or by an alias. */
export const parseModelReference = (id: string): string => {
  if (!ModelId.safeParse(id).success && !AliasName.safeParse(id).success)
    throw noSuch("model", id, "; ids look like mdl_01J…");
  return id;
};
