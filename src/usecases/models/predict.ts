import type { PredictResponse } from "../../domain/models/model.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { unlessDeleted } from "./unless-deleted.ts";

/** One answer per row, in order. A cell of the wrong type is `invalid` with a pointer such as `/rows/3/age`. `corrupt` if the weights are not what was written. */
export const predict = async (
  deps: Deps,
  caller: Caller,
  request: { model: string; body: unknown },
): Promise<PredictResponse> => {
  const model = await getModel(deps, caller, { id: request.model });
  const again = () => getModel(deps, caller, { id: request.model });
  return unlessDeleted(again, () => deps.engine.predict(caller, model, request.body));
};

/** The same from JSON to JSON, both unread here: ten thousand rows take longer to read than anyone else should have to wait. */
export const predictJson = async (
  deps: Deps,
  caller: Caller,
  request: { model: string; body: Uint8Array<ArrayBuffer> },
): Promise<Uint8Array> => {
  const model = await getModel(deps, caller, { id: request.model });
  const again = () => getModel(deps, caller, { id: request.model });
  return unlessDeleted(again, () => deps.engine.predictJson(caller, model, request.body));
};
