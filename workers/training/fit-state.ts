import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { beat } from "../engine/control.ts";
import type { CheckpointContent } from "./checkpoint-file.ts";
import { firstCheckpointShare, type TrainingRunContext } from "./training-run.ts";

/** What both fits capture: a JSON value with the position, and the tensors that go with it. */
interface FitState<M, A> {
  readonly meta: M;
  readonly tensors: Readonly<Record<string, A>>;
}

const toTensor = (name: string, data: Float32Array | Float64Array): Tensor =>
  data instanceof Float32Array
    ? { name, dtype: "F32", shape: [data.length], data }
    : { name, dtype: "F64", shape: [data.length], data };

export const toContent = ({
  meta,
  tensors,
}: FitState<{ step: number }, Float32Array | Float64Array>): CheckpointContent => ({
  step: meta.step,
  state: meta,
  tensors: Object.entries(tensors).map(([name, data]) => toTensor(name, data)),
});

/** What both fits are told of their run, and tell it. */
export const fitOptions = (context: TrainingRunContext) => ({
  control: context.control.words,
  // Asked between two looks at the control word: the heartbeat of a thread that computes without a pause.
  nowMs: () => {
    beat(context.control);
    return performance.now();
  },
  checkpointEveryMs: context.checkpointMs,
  firstCheckpointMs: context.checkpointMs * firstCheckpointShare,
  onPoint: context.onPoint,
  onEvent: context.onEvent,
  onProgress: context.onProgress,
  onCheckpoint: (state: Parameters<typeof toContent>[0]) => context.writeCheckpoint(toContent(state)),
});

/** `isArray` tells the fit's own kind of array. The file's digest was compared, so its state is what `toContent` was given. */
export const fromContent = <M, A extends Float32Array | Float64Array>(
  { state, tensors }: CheckpointContent,
  isArray: (data: Tensor["data"]) => data is A,
): FitState<M, A> => {
  const arrays: [string, A][] = tensors.flatMap(({ name, data }) => (isArray(data) ? [[name, data]] : []));
  return { meta: state as M, tensors: Object.fromEntries(arrays) };
};
