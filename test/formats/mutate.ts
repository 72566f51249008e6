import { createRandomStream } from "../../src/engine/kernels/philox.ts";

/** Chance for fuzzing: the same seed gives the same files. */
export const createChance = (seed: number) => {
  const stream = createRandomStream({ seedLow: seed, seedHigh: 0, purpose: 77, index: 0 });
  return { below: (limit: number): number => stream.below(Math.max(1, limit)) };
};

type Chance = ReturnType<typeof createChance>;

/** Numbers that lengths and offsets are fond of being. */
const extremes: readonly Uint8Array[] = [
  Uint8Array.of(0),
  Uint8Array.of(0xff),
  Uint8Array.of(0xff, 0xff),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0xff, 0xff, 0xff, 0x7f),
  // 2⁶³ − 1 and −1 as varints.
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
];

const changes: readonly ((file: Uint8Array, chance: Chance) => Uint8Array)[] = [
  (file, { below }) => file.subarray(0, below(file.length)),
  (file, { below }) => {
    const changed = Uint8Array.from(file);
    for (let i = 1 + below(8); i > 0; i--) changed[below(changed.length)] = below(256);
    return changed;
  },
  (file, { below }) => {
    const changed = Uint8Array.from(file);
    const extreme = extremes[below(extremes.length)]!;
    changed.set(extreme.subarray(0, changed.length), below(Math.max(1, changed.length - extreme.length)));
    return changed;
  },
  (file, { below }) => {
    const [at, extreme] = [below(file.length), extremes[below(extremes.length)]!];
    return Buffer.concat([file.subarray(0, at), extreme, file.subarray(at)]);
  },
  (file, { below }) => {
    const [from, to] = [below(file.length), below(file.length)];
    return Buffer.concat([file.subarray(0, to), file.subarray(from, from + below(200)), file.subarray(to)]);
  },
  (file, { below }) => {
    const at = below(file.length);
    return Buffer.concat([file.subarray(0, at), file.subarray(at + 1 + below(100))]);
  },
];

/** A file with a few faults. Most lie near its beginning, where headers are. */
export const mutate = (file: Uint8Array, chance: Chance): Uint8Array<ArrayBuffer> => {
  let changed = file;
  for (let i = 1 + chance.below(3); i > 0; i--) {
    const head = chance.below(2) === 0 ? changed.length : Math.min(changed.length, 400);
    const part = changes[chance.below(changes.length)]!(changed.subarray(0, head), chance);
    changed = chance.below(4) === 0 ? part : Buffer.concat([part, changed.subarray(head)]);
  }
  return new Uint8Array(changed);
};

/** Whole numbers that sizes, axes and counts should not be. */
const oddNumbers = [0, -1, 1, 2, 3, -7, 255, 65_536, 2 ** 31, 2 ** 53, -(2 ** 62)];
const oddOps = [
  "Reshape",
  "Transpose",
  "Concat",
  "Conv",
  "MatMul",
  "Gemm",
  "Slice",
  "Gather",
  "Expand",
  "Softmax",
  "ReduceMean",
];

interface Node {
  op?: string;
  inputs: string[];
  outputs: string[];
  attributes: { int?: number; ints: number[]; float?: number }[];
}

interface Parts {
  nodes: Node[];
  initializers: { dims: number[]; int64Data: number[] }[];
  inputs: { type?: { tensor?: { shape?: { dims: { value?: number; parameter?: string }[] } } } }[];
}

/** A graph with a few faults of meaning: other operators, sizes, inputs and attributes. Changes what it is given. */
export const mutateGraph = ({ nodes, initializers, inputs }: Parts, { below }: Chance): void => {
  const any = <T>(list: readonly T[]): T | undefined => list[below(list.length)];
  const names = nodes.flatMap((node) => [...node.inputs, ...node.outputs]);
  const odd = (): number => any(oddNumbers)!;
  const changes: (() => void)[] = [
    () => Object.assign(any(nodes) ?? {}, { op: any(below(2) === 0 ? oddOps : nodes.map(({ op }) => op ?? "")) }),
    () => void any(nodes)?.inputs.splice(below(3), 1),
    () => void any(nodes)?.inputs.splice(below(3), 1, any(names) ?? ""),
    () => void any(nodes)?.inputs.push(any(names) ?? ""),
    () => void any(nodes)?.attributes.splice(0, 1),
    () => {
      const attribute = any(any(nodes)?.attributes ?? []);
      if (attribute?.int !== undefined) attribute.int = odd();
      if (attribute?.ints.length) attribute.ints[below(attribute.ints.length)] = odd();
      else if (attribute?.float !== undefined)
        attribute.float = any([Number.NaN, 0, -1, 1e38, Number.POSITIVE_INFINITY])!;
    },
    () => {
      const tensor = any(initializers);
      if (tensor?.dims.length) tensor.dims[below(tensor.dims.length)] = odd();
    },
    () => void any(initializers)?.dims.reverse(),
    () => {
      const dims = any(inputs)?.type?.tensor?.shape?.dims ?? [];
      const size = any(dims);
      if (size !== undefined) Object.assign(size, { value: any([1, 2, 3, 5, 7, 64, 1000]) });
    },
    () => void nodes.splice(below(nodes.length), 1),
  ];
  for (let i = 1 + below(3); i > 0; i--) any(changes)!();
};
