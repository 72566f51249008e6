import { type Prediction, PredictRequest } from "../domain/model.ts";
import type { Caller } from "./caller.ts";
import type { Deps } from "./deps.ts";
import { getModel } from "./get-model.ts";
import { parse } from "./parse.ts";

/** One answer per row, in order. A cell of the wrong type is `invalid` with a pointer such as `/rows/3/age`. */
export const predict = async (
  deps: Deps,
  caller: Caller,
  request: { model: string; body: unknown },
): Promise<{ predictions: Prediction[] }> => {
  const model = await getModel(deps, caller, { id: request.model });
  const { rows } = parse(PredictRequest, request.body);
  return { predictions: await deps.engine.predict(caller.tenant, model, rows) };
};
