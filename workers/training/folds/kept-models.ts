import type { FoldModel } from "../../../src/domain/models/cross-validation.ts";
import { fromWords, toWords } from "../../../src/formats/safetensors/json-words.ts";
import type { Tensor } from "../../../src/formats/safetensors/safetensors.ts";
import { stackTensors, unstackTensors } from "../../../src/formats/safetensors/stacked-tensors.ts";

/** A fold's model, kept for the ensemble of them or beside the model of all rows; or the one that was measured before a refit, as if of the first fold. */
export interface KeptModel extends FoldModel {
  readonly tensors: readonly Tensor[];
  readonly parameters: number;
}

const [describedName, tensorPrefix] = ["described", "weights/"];

/** As a checkpoint carries them. */
export const toKeptTensors = (models: readonly KeptModel[]): Tensor[] => {
  if (models.length === 0) return [];
  const words = toWords(models.map(({ tensors: _, ...described }) => described));
  const stacked = stackTensors(models.map(({ tensors }) => tensors));
  return [
    { name: describedName, dtype: "I32", shape: [words.length], data: words },
    ...stacked.map((tensor) => ({ ...tensor, name: `${tensorPrefix}${tensor.name}` })),
  ];
};

export const fromKeptTensors = (tensors: readonly Tensor[]): KeptModel[] => {
  const words = tensors.find(({ name }) => name === describedName);
  if (words === undefined) return [];
  const described = fromWords(words.data) as Omit<KeptModel, "tensors">[];
  const stacked = tensors
    .filter(({ name }) => name.startsWith(tensorPrefix))
    .map((tensor) => ({ ...tensor, name: tensor.name.slice(tensorPrefix.length) }));
  return unstackTensors(stacked, described.length).map((own, i) => ({ ...described[i]!, tensors: own }));
};
