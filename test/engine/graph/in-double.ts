import type { Value } from "../../../src/engine/graph/graph.ts";
import { plan } from "../../../src/engine/graph/plan.ts";
import { createReferenceKernels } from "../../../src/engine/kernels/reference.ts";
import { bindPlan } from "../../../src/engine/parallel/bind.ts";
import { bytesOf } from "../../../src/engine/tensor/dtype.ts";
import { createLayout } from "../../../src/engine/tensor/layout.ts";
import { sizeOf } from "../../../src/engine/tensor/shape.ts";

export interface LeafData {
  readonly value: Value;
  readonly data: readonly number[];
}

const nameOf = (value: Value): string => {
  if (value.source.kind !== "leaf") throw new Error("not a leaf");
  return value.source.name;
};

const write = (buffer: ArrayBuffer, offset: number, dtype: Value["dtype"], data: readonly number[]): void => {
  if (dtype === "i32") new Int32Array(buffer, offset, data.length).set(data);
  else if (dtype === "u32") new Uint32Array(buffer, offset, data.length).set(data);
  else new Float64Array(buffer, offset, data.length).set(data);
};

/**
 * Plans a graph with f64 elements on the reference kernels. `run` computes the results for changed data of the leaves; i32 results are read as numbers too.
 */
export const inDouble = (results: readonly Value[], leaves: readonly LeafData[]) => {
  const { graph } = results[0]!;
  const layout = createLayout(64);
  const place = (value: Pick<Value, "shape" | "dtype">): number =>
    layout.place(Math.max(16, sizeOf(value.shape) * bytesOf(value.dtype, 8)));
  const places = new Map(leaves.map(({ value }) => [nameOf(value), place(value)]));
  for (const constant of graph.constants.values()) places.set(constant.name, place(constant));
  const offsets = results.map(place);
  const scratchOffset = layout.place(1 << 17);
  const arenaOffset = layout.place(0);
  const placeOf = (name: string): number => places.get(name)!;
  const program = plan({
    graph,
    results: results.map((value, i) => ({ value, offset: offsets[i]! })),
    placeOf,
    arenaOffset,
    floatBytes: 8,
  });
  const buffer = new ArrayBuffer(arenaOffset + program.arenaBytes + 64);
  for (const { name, dtype, values } of graph.constants.values()) write(buffer, placeOf(name), dtype, values);
  const member = { thread: 0, threads: 1, scratchOffset, wait: () => {}, syncOffset: 0 };
  const run = bindPlan(program, { wasm: createReferenceKernels(buffer, 8), native: null }, member);
  return (changed: readonly LeafData[] = leaves): number[][] => {
    for (const { value, data } of changed) write(buffer, placeOf(nameOf(value)), value.dtype, data);
    run();
    return results.map((value, i) => {
      const count = sizeOf(value.shape);
      return [
        ...(value.dtype === "i32"
          ? new Int32Array(buffer, offsets[i], count)
          : new Float64Array(buffer, offsets[i], count)),
      ];
    });
  };
};
