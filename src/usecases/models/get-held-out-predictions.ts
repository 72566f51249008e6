import { Readable } from "node:stream";
import { ServiceError } from "../../domain/errors.ts";
import { isImported, type Model } from "../../domain/models/model.ts";
import { heldOutOf } from "../../store/artifacts/model-files.ts";
import { openVerified } from "../../store/artifacts/verified.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { unlessDeleted } from "./unless-deleted.ts";

/**
 * What a model said of the rows that its report is about, as CSV; of a cross-validation the models of the folds. The caller must read the stream or destroy it.
 * `not_found` for models that nothing was held out from, that were imported, or of earlier versions.
 */
export const getHeldOutPredictions = async (
  deps: Deps,
  caller: Caller,
  request: { id: string },
): Promise<{ model: Model; bytes: number; body: Readable }> => {
  const model = await getModel(deps, caller, request);
  const file = isImported(model) ? null : heldOutOf(caller.tenant, model);
  if (isImported(model) || file === null)
    throw new ServiceError(
      "not_found",
      `${model.id} keeps no predictions for held-out rows: it was imported, comes from an earlier version or from a trial, groups rows without a label, or nothing was held out`,
    );
  const open = async (): Promise<Readable> =>
    Readable.from(await openVerified(deps.artifacts, file.key, file.check, file.what), { objectMode: false });
  return { model, bytes: file.bytes, body: await unlessDeleted(() => getModel(deps, caller, request), open) };
};
