import { invalidAt, ServiceError } from "../../domain/errors.ts";
import { nearNames } from "../../domain/near-names.ts";
import type { OnnxGraph } from "../onnx/graph.ts";
import type { ForeignTensor } from "../safetensors/foreign-tensors.ts";
import type { Family, NamedTensors } from "./graph-writer.ts";
import { mobileFamilies } from "./mobile.ts";
import { plainFamilies } from "./plain.ts";
import { residualFamilies } from "./residual.ts";

const families: Readonly<Record<string, Family>> = { ...residualFamilies, ...plainFamilies, ...mobileFamilies };

export const familyNames: readonly string[] = Object.keys(families);

/** The first ten names, and how many more there are. */
export const listed = (names: readonly string[]): string =>
  `${names.slice(0, 10).join(", ")}${names.length > 10 ? ` and ${names.length - 10} more` : ""}`;

/** The tensors of a file, and what is wrong with them. */
const createTensors = (file: readonly ForeignTensor[]) => {
  const byName = new Map(file.map((tensor) => [tensor.name, tensor]));
  const taken = new Set<string>();
  const missing: string[] = [];
  const misshapen: string[] = [];
  const tensors: NamedTensors = {
    has: (name) => byName.has(name),
    sizeOf: (name, axis) => byName.get(name)?.shape[axis] ?? 1,
    take: (name, shape) => {
      const tensor = byName.get(name);
      taken.add(name);
      if (tensor?.data) {
        const { shape: own, data } = tensor;
        if (own.length === shape.length && own.every((size, axis) => shape[axis] === -1 || size === shape[axis])) {
          return { dims: own, kind: "float", data };
        }
        misshapen.push(
          `${name} [${own.join(", ")}] instead of [${shape.map((size) => (size === -1 ? "any" : size)).join(", ")}]`,
        );
      } else missing.push(name);
      const dims = shape.map((size) => (size === -1 ? 1 : size));
      return { dims, kind: "float", data: new Float32Array(0) };
    },
  };
  // PyTorch counts the batches that a norm has seen; nothing here needs the number.
  const extra = (): string[] =>
    file.map(({ name }) => name).filter((name) => !taken.has(name) && !name.endsWith("num_batches_tracked"));
  return { tensors, missing, misshapen, extra };
};

/** A safetensors file as the network of a built-in family. Missing, extra and misshapen tensors are told by name. */
export const graphOfFamily = (architecture: string, file: readonly ForeignTensor[]): OnnxGraph => {
  const family = Object.hasOwn(families, architecture) ? families[architecture] : undefined;
  if (family === undefined) {
    const detail = `there is no architecture ${JSON.stringify(architecture)}${nearNames(architecture, familyNames)}; there are ${familyNames.join(", ")}`;
    throw invalidAt("/query/architecture", detail);
  }
  const { tensors, missing, misshapen, extra } = createTensors(file);
  const graph = family(tensors);
  const unused = extra();
  const problems = [
    ...(missing.length > 0 ? [`missing: ${listed(missing)}`] : []),
    ...(misshapen.length > 0 ? [`of another shape: ${listed(misshapen)}`] : []),
    ...(unused.length > 0 ? [`not part of it: ${listed(unused)}`] : []),
  ];
  if (problems.length > 0) {
    const detail = `the file's tensors are not those of ${architecture}: ${problems.join("; ")}`;
    throw new ServiceError("unprocessable", detail, { errors: [{ pointer: "/query/architecture", detail }] });
  }
  return graph;
};
