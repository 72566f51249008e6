import { ServiceError } from "../../domain/errors.ts";
import { isImported } from "../../domain/models/model.ts";
import { Report } from "../../domain/models/report.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";

const limitBytes = 64 * 1024 ** 2;

/** What the trainer measured when the model was made. */
export const getModelReport = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Report> => {
  const model = await getModel(deps, caller, request);
  if (isImported(model)) {
    throw new ServiceError("not_found", `${model.id} was imported: nothing was measured here, so there is no report`);
  }
  const { id, digest } = model;
  const key = artifactKeys.report(caller.tenant, id, digest.replace(/^sha256:/, ""));
  return Report.parse(JSON.parse(Buffer.from(await deps.artifacts.readBytes(key, { limitBytes })).toString()));
};
