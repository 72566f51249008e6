import { ServiceError } from "../../domain/errors.ts";
import { isImported } from "../../domain/models/model.ts";
import { Report } from "../../domain/models/report.ts";
import { reportOf } from "../../store/artifacts/model-files.ts";
import { corrupt, readVerified } from "../../store/artifacts/verified.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { unlessDeleted } from "./unless-deleted.ts";

/** What the trainer measured when the model was made. `corrupt` if the stored one is not what it wrote. */
export const getModelReport = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Report> => {
  const model = await getModel(deps, caller, request);
  if (isImported(model)) {
    throw new ServiceError("not_found", `${model.id} was imported: nothing was measured here, so there is no report`);
  }
  const { key, check, what } = reportOf(caller.tenant, model);
  const again = () => getModel(deps, caller, request);
  const bytes = await unlessDeleted(again, () => readVerified(deps.artifacts, key, check, what));
  try {
    return Report.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (error) {
    throw corrupt(what, "cannot be read", error);
  }
};
