import { invalidAt } from "../../domain/errors.ts";
import { ImagePreset, StatedPreprocessing } from "../../domain/models/image-preprocessing.ts";
import { parse } from "../admission/parse.ts";

/** A name or, as JSON, numbers: what pictures become, as it stands in a query or a message. `invalid` with a pointer below `at`. */
export const readPreprocessing = (text: string, at: string): ImagePreset | StatedPreprocessing => {
  if (!text.trimStart().startsWith("{")) return parse(ImagePreset, text, { base: at });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidAt(at, 'must be a name or JSON, such as {"mean":[0.5,0.5,0.5],"deviation":[0.5,0.5,0.5]}');
  }
  return parse(StatedPreprocessing, value, { base: at });
};
