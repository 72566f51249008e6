import type { DType } from "../../tensor/dtype.ts";
import { pageBytes } from "../../tensor/layout.ts";
import { sizeOf } from "../../tensor/shape.ts";
import {
  type FloatRegion,
  type ModelTensor,
  type PlacedTensor,
  type Split,
  splits,
  type TrainingPlan,
} from "../planning/training.ts";

/** Puts the plan's constants into a memory that is zero up to `plan.memoryBytes`. */
export const prepareTrainingMemory = (plan: TrainingPlan, memory: WebAssembly.Memory): void => {
  for (const constant of plan.layout.constants) viewOf(memory, constant).set(constant.values);
  const rows = Math.max(...splits.map((split) => plan.shape[`${split}Rows`]));
  const identity = new Int32Array(memory.buffer, plan.layout.identityOffset, rows);
  for (let row = 0; row < rows; row++) identity[row] = row;
  const { ring } = plan;
  if (ring === null) return;
  const slots = new Int32Array(memory.buffer, ring.slots.offset, ring.slots.count);
  for (let i = 0; i < slots.length; i++) slots[i] = i % ring.rows;
};

/** The job's one memory, at exactly the planned size; constants are in place, everything else is zero. */
export const createTrainingMemory = (plan: TrainingPlan): WebAssembly.Memory => {
  const pages = plan.memoryBytes / pageBytes;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  prepareTrainingMemory(plan, memory);
  return memory;
};

type View = Float32Array | Float64Array | Int32Array | Uint32Array;
const arrays: Record<DType, new (buffer: ArrayBufferLike, offset: number, length: number) => View> = {
  float: Float32Array,
  f64: Float64Array,
  i32: Int32Array,
  u32: Uint32Array,
};

/** The tensor's elements, in place. */
export const viewOf = (memory: WebAssembly.Memory, { dtype, offset, shape }: PlacedTensor): View =>
  new arrays[dtype](memory.buffer, offset, sizeOf(shape));

export const floatsOf = (memory: WebAssembly.Memory, { offset, count }: FloatRegion): Float32Array =>
  new Float32Array(memory.buffer, offset, count);

export interface SplitViews {
  readonly rows: number;
  /** rows × inputs, row-major. */
  readonly features: Float32Array;
  /** Classes (Int32Array) for cross_entropy, floats rows × columns otherwise, null for an autoencoder. */
  readonly labels: Int32Array | Float32Array | null;
  /** How much each row counts, of mean 1; null: all the same. */
  readonly rowWeights: Float32Array | null;
  /** The logarithm of what each row's count is of; null: of one unit. */
  readonly rowOffsets: Float32Array | null;
}

export interface DataViews extends Readonly<Record<Split, SplitViews>> {
  /** One weight for each class, where the loss has class weights that are not `balanced` (those fit() computes); [negative, positive] for binary_cross_entropy. */
  setClassWeights(weights: ArrayLike<number>): void;
}

/** Where the lead writes the preprocessed data before fit(). */
export const dataViews = (plan: TrainingPlan, memory: WebAssembly.Memory): DataViews => {
  const viewsOf = (split: Split): SplitViews => {
    const { rows, features, labels, weights, offsets } = plan.data[split];
    return {
      rows,
      features: viewOf(memory, features) as Float32Array,
      labels: labels && (viewOf(memory, labels) as Int32Array | Float32Array),
      rowWeights: weights && (viewOf(memory, weights) as Float32Array),
      rowOffsets: offsets && (viewOf(memory, offsets) as Float32Array),
    };
  };
  return {
    train: viewsOf("train"),
    validation: viewsOf("validation"),
    test: viewsOf("test"),
    setClassWeights: (weights) => {
      const [first, second] = plan.layout.classWeights;
      if (!first) return;
      if (!second) return viewOf(memory, first).set(weights);
      // ln-likelihoods of class 1 count p·v, those of class 0 count v.
      const [negative, positive] = [weights[0]!, weights[1]!];
      viewOf(memory, first).set([positive / negative]);
      viewOf(memory, second).set([negative]);
    },
  };
};

export interface WeightTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: ModelTensor["kind"];
  readonly data: Float32Array;
}

/** Weights and running averages in the model's fixed order: the order in which they are hashed and stored. Views, not copies. */
export const weightTensors = (plan: TrainingPlan, memory: WebAssembly.Memory): WeightTensor[] =>
  plan.tensors.map((tensor) => ({
    name: tensor.name,
    shape: tensor.shape,
    kind: tensor.kind,
    data: viewOf(memory, tensor) as Float32Array,
  }));
