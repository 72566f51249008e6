import { readFile } from "node:fs/promises";
import type { Descent, ModelUpdate, PicturePreprocessing } from "../client/descent.ts";
import { DescentError } from "../client/errors.ts";
import type { Model } from "../client/types.ts";
import { namesOfText } from "../formats/companions/class-names.ts";
import { CommandError } from "./command-error.ts";
import type { Output } from "./output.ts";

interface Stated {
  labels?: string;
  preprocessing?: string;
  licence?: string;
  source?: string;
}

export interface ImportOptions extends Stated {
  name?: string;
  architecture?: string;
  /** As 640x480. */
  sizes?: string;
}

const labelsIn = async (path: string): Promise<string[]> => {
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new CommandError(`--labels ${path}: ${error.message}`);
  });
  const names = namesOfText(text);
  if (names === null) throw new CommandError(`--labels ${path}: it must have a name on each line, or a list in JSON`);
  return names;
};

const preprocessingOf = (text: string): PicturePreprocessing => {
  // The service knows the names.
  if (!text.trimStart().startsWith("{")) return text as PicturePreprocessing;
  try {
    return JSON.parse(text) as PicturePreprocessing;
  } catch (error) {
    throw new CommandError(`--preprocessing: ${(error as Error).message}`);
  }
};

const show = (output: Output, model: Model): void =>
  output.result(model, () => {
    output.say(`Model ${model.name} (${model.id}): ${model.parameters} weights`);
    if (!("inputs" in model)) return;
    for (const { name, shape } of model.inputs) output.say(`  takes ${name}: ${shape.slice(1).join(" × ")}`);
    for (const { name, shape } of model.outputs) output.say(`  answers ${name}: ${shape.slice(1).join(" × ")}`);
    const names = model.labels
      ?.slice(0, 5)
      .map((name) => JSON.stringify(name))
      .join(", ");
    output.say(
      names === undefined
        ? "  labels: not known; descent models update … --labels FILE"
        : `  labels: ${names}${model.labels!.length > 5 ? ", …" : ""}`,
    );
    for (const found of model.found ?? []) output.say(`  found ${found}`);
    for (const warning of model.warnings) output.say(`  Warning: ${warning}`);
  });

/** `descent models import FILE`. Labels are stated once the network is there: a list of a thousand is no parameter. */
export const importModel = async (
  descent: Descent,
  output: Output,
  file: string,
  { labels, preprocessing, sizes, ...options }: ImportOptions,
): Promise<void> => {
  if (!/\.(onnx|zip|safetensors)$/i.test(file))
    throw new CommandError(`${file}: a network is an .onnx file, a .zip with one, or .safetensors`);
  const names = labels === undefined ? null : await labelsIn(labels);
  const stated = preprocessing === undefined ? {} : { preprocessing: preprocessingOf(preprocessing) };
  const open = sizes === undefined ? {} : { sizes: sizes.split("x").map(Number) };
  const model = await descent.models.import(file, { ...options, ...stated, ...open });
  if (names === null) return show(output, model);
  try {
    show(output, await descent.models.update(model.id, { labels: names }));
  } catch (error) {
    if (!(error instanceof DescentError)) throw error;
    throw new CommandError(
      `${error.message}\n${model.id} is imported, without labels: descent models update ${model.id}`,
    );
  }
};

/** `descent models update MODEL`. */
export const updateModel = async (
  descent: Descent,
  output: Output,
  model: string,
  { labels, preprocessing, licence, source }: Stated,
): Promise<void> => {
  const change: ModelUpdate = {
    ...(labels === undefined ? {} : { labels: await labelsIn(labels) }),
    ...(preprocessing === undefined ? {} : { preprocessing: preprocessingOf(preprocessing) }),
    ...(licence === undefined ? {} : { licence }),
    ...(source === undefined ? {} : { source }),
  };
  show(output, await descent.models.update(model, change));
};
