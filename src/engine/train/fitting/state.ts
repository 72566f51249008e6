import {
  type ModelTensor,
  TrainingError,
  type TrainingMeta,
  type TrainingPlan,
  type TrainingState,
} from "../planning/training.ts";
import { floatsOf } from "./memory.ts";
import { setFirstShares } from "./trials/shares.ts";

/** The tensors of a checkpoint: where each lies. */
const storedTensors = (plan: TrainingPlan): { key: string; offset: number; count: number }[] => {
  const { model, slots, best } = plan.layout;
  const count = (tensor: ModelTensor): number => tensor.shape.reduce((product, size) => product * size, 1);
  return plan.tensors.flatMap((tensor) => {
    const shift = tensor.offset - model.offset;
    const own = { key: tensor.name, offset: tensor.offset, count: count(tensor) };
    const learnt = tensor.kind === "parameter" && !tensor.frozen;
    const kept = learnt
      ? slots.map((slot) => ({ ...own, key: `${tensor.name}/${slot.name}`, offset: slot.offset + shift }))
      : [];
    return [own, ...kept, ...(best ? [{ ...own, key: `best/${tensor.name}`, offset: best.offset + shift }] : [])];
  });
};

/** A copy of everything that the rest of the job depends on. */
export const captureState = (plan: TrainingPlan, memory: WebAssembly.Memory, meta: TrainingMeta): TrainingState => ({
  meta,
  tensors: Object.fromEntries(
    storedTensors(plan).map(({ key, offset, count }) => [key, floatsOf(memory, { offset, count }).slice()]),
  ),
});

/** Puts a checkpoint's tensors back; throws where one is missing or of another size. */
export const restoreState = (plan: TrainingPlan, memory: WebAssembly.Memory, state: TrainingState): void => {
  for (const { key, offset, count } of storedTensors(plan)) {
    const stored = state.tensors[key];
    if (stored?.length !== count) throw incompatible(key, count, stored?.length ?? null);
    floatsOf(memory, { offset, count }).set(stored);
  }
};

const incompatible = (tensor: string, wanted: number, found: number | null): TrainingError =>
  new TrainingError(
    "incompatible_weights",
    `the tensor ${tensor} has ${found ?? "no"} elements where ${wanted} are needed`,
    "start from a model of the same layers and inputs, or ask for a new head",
    { tensor, wanted, found },
  );

/** Gives the members of an ensemble their first shares, and overwrites initial weights by those of another model; tensors that it has not keep their own beginning. */
export const loadInitial = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  initial: ReadonlyMap<string, Float32Array>,
): void => {
  setFirstShares(plan, memory);
  for (const tensor of plan.tensors) {
    const given = initial.get(tensor.name);
    if (!given) continue;
    const count = tensor.shape.reduce((product, size) => product * size, 1);
    if (given.length !== count) throw incompatible(tensor.name, count, given.length);
    floatsOf(memory, { offset: tensor.offset, count }).set(given);
  }
};
