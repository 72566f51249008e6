import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { unlessDeleted } from "./unless-deleted.ts";

type Predicting = (
  deps: Deps,
  caller: Caller,
  request: { model: string; body: Uint8Array<ArrayBuffer> },
) => Promise<Uint8Array>;

/**
 * One answer per row, in order; question and answer are bytes, unread here: ten thousand rows take longer to read than anyone else should
 * have to wait. A cell of the wrong type is `invalid` with a pointer such as `/rows/3/age`. `corrupt` if the weights are not what was
 * written.
 */
const predicting =
  (how: "predictJson" | "predictMessage"): Predicting =>
  async (deps, caller, request) => {
    const model = await getModel(deps, caller, { id: request.model });
    const again = () => getModel(deps, caller, { id: request.model });
    return unlessDeleted(again, () => deps.engine[how](caller, model, request.body));
  };

export const predictJson = predicting("predictJson");
export const predictMessage = predicting("predictMessage");
