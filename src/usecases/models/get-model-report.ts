import { Report } from "../../domain/models/report.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";

const limitBytes = 64 * 1024 ** 2;

/** What the trainer measured when the model was made. */
export const getModelReport = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Report> => {
  const { id, digest } = await getModel(deps, caller, request);
  const key = artifactKeys.report(caller.tenant, id, digest.replace(/^sha256:/, ""));
  return Report.parse(JSON.parse(Buffer.from(await deps.artifacts.readBytes(key, { limitBytes })).toString()));
};
