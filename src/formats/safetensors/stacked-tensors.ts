import { assert } from "../../domain/errors.ts";
import type { Tensor } from "./safetensors.ts";

/** The same tensors of several models of one shape, those of each name as one with a first axis for the models: a header has room for them however many they are. */
export const stackTensors = (models: readonly (readonly Tensor[])[]): Tensor[] => {
  const [first = []] = models;
  return first.map((tensor, at) => {
    const { name, dtype, shape, data } = tensor;
    const joined = new (data.constructor as new (length: number) => typeof data)(models.length * data.length);
    for (const [i, model] of models.entries()) {
      const own = model[at];
      assert(own?.name === name && own.dtype === dtype && own.data.length === data.length, `models share ${name}`);
      joined.set(own.data, i * data.length);
    }
    return { name, dtype, shape: [models.length, ...shape], data: joined } as Tensor;
  });
};

/** The tensors of each model, without copies. */
export const unstackTensors = (tensors: readonly Tensor[], models: number): Tensor[][] =>
  Array.from({ length: models }, (_, i) =>
    tensors.map(({ name, dtype, shape, data }) => {
      const each = data.length / models;
      return { name, dtype, shape: shape.slice(1), data: data.subarray(i * each, (i + 1) * each) } as Tensor;
    }),
  );
