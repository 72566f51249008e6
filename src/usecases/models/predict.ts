import type { Caller } from "../admission/caller.ts";
import type { Deps, PredictBody } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { unlessDeleted } from "./unless-deleted.ts";

/**
 * One answer per row, in order; question and answer are bytes, unread here: ten thousand rows take longer to read than anyone else should
 * have to wait. A cell of the wrong type is `invalid` with a pointer such as `/rows/3/age`. `corrupt` if the weights are not what was
 * written.
 */
export const predict = async (
  deps: Deps,
  caller: Caller,
  { model: id, ...sent }: PredictBody & { model: string },
): Promise<Uint8Array> => {
  const model = await getModel(deps, caller, { id });
  return unlessDeleted(
    () => getModel(deps, caller, { id }),
    () => deps.engine.predictBody(caller, model, sent),
  );
};

/** The same from one of gRPC's messages to another. */
export const predictMessage = async (
  deps: Deps,
  caller: Caller,
  { model: id, body }: { model: string; body: Uint8Array<ArrayBuffer> },
): Promise<Uint8Array> => {
  const model = await getModel(deps, caller, { id });
  return unlessDeleted(
    () => getModel(deps, caller, { id }),
    () => deps.engine.predictMessage(caller, model, body),
  );
};
