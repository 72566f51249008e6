import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import type { TailEmitter } from "../../graph/record.ts";
import { hyperBytes } from "../../kernels/families/optimisers.ts";
import { chunkCount } from "../../kernels/families/reductions.ts";
import { emitInitial } from "../../nn/initializers.ts";
import { purposes } from "../../nn/purposes.ts";
import { ruleOf } from "../../optim/rules.ts";
import type { Placed } from "./place-memory.ts";
import type { ModelPlacement } from "./place-model.ts";

/** Records the end of a step: clips the gradients, then updates each range of the flat parameters in one fused pass. */
export const recordUpdate = (
  emit: TailEmitter,
  spec: ResolvedJobSpec,
  model: ModelPlacement,
  { layout, clip }: Placed,
  stage: number,
): void => {
  const { k } = emit;
  const floats = (offset: number, start: number, count: number) => emit.at(offset + 4 * start, 4 * count);
  const { gradientClip, l1, l2 } = spec.training;
  const factor = emit.at(clip.factorOffset, 8);
  if (gradientClip && "norm" in gradientClip) {
    const count = model.trainableCount;
    const partials = emit.scratchDoubles(chunkCount(count));
    const squares = emit.at(clip.squaresOffset, 8);
    k.sumSquaresChunks(partials, floats(layout.gradients.offset, 0, count), count, chunkCount(count));
    k.foldPartials(squares, partials, chunkCount(count), 1, 1);
    k.clipFactor(factor, squares, gradientClip.norm, 1);
  }
  const rule = ruleOf(spec.optimizer);
  for (const { start, count, group, penalised } of model.ranges) {
    if (model.groups[group]!.stage > stage) continue;
    const gradients = floats(layout.gradients.offset, start, count);
    if (gradientClip && "value" in gradientClip) k.clamp(gradients, gradients, gradientClip.value, count);
    const range = {
      weights: floats(layout.model.offset, start, count),
      gradients,
      slots: Object.fromEntries(layout.slots.map(({ name, offset }) => [name, floats(offset, start, count)])),
      count,
      hyper: emit.at(layout.groups[group]!.hyperOffset, hyperBytes),
      clip: gradientClip && "norm" in gradientClip ? factor : (0 as const),
      l1: penalised ? l1 : 0,
      l2: penalised ? l2 : 0,
    };
    rule.update(emit, range, spec.optimizer, penalised ? rule.decay(spec.optimizer) : 0);
  }
};

/** Floating-point operations of recordUpdate, the floats between tensors not counted. */
export const updateFlops = (spec: ResolvedJobSpec, model: ModelPlacement): number => {
  const trained = model.places.filter(({ frozen, declaration }) => !frozen && declaration.kind === "parameter");
  const weights = trained.reduce((sum, { count }) => sum + count, 0);
  return weights * (ruleOf(spec.optimizer).flops + (spec.training.gradientClip ? 2 : 0));
};

/** Records the drawing of all initial weights and running averages. */
export const recordInitial = (emit: TailEmitter, model: ModelPlacement, { layout }: Placed): void => {
  const state = emit.at(layout.randomOffset, 16);
  model.places.forEach(({ declaration, start, count }, index) => {
    const out = emit.at(layout.model.offset + 4 * start, 4 * count);
    emitInitial(emit, out, count, declaration.initial, state, purposes.initial(index));
  });
};

/** Records the drawing of one random word for each training row. */
export const recordShuffle = (emit: TailEmitter, rows: number, { layout }: Placed): void =>
  emit.k.randomBits(emit.at(layout.shuffleOffset, 4 * rows), emit.at(layout.randomOffset, 16), purposes.shuffle, rows);

/** Records Σ w² and Σ g² of every layer. */
export const recordLayerSquares = (emit: TailEmitter, model: ModelPlacement, { layout }: Placed): void => {
  for (const { layer, trainable, weightSquaresOffset, gradientSquaresOffset } of layout.statistics.layers) {
    const own = model.places.filter(
      ({ declaration }) => declaration.kind === "parameter" && declaration.layer === layer,
    );
    const squares = (base: number, places: typeof own, out: number): void => {
      const chunks = places.reduce((sum, { count }) => sum + chunkCount(count), 0);
      const partials = emit.scratchDoubles(chunks);
      let first = 0;
      for (const { start, count } of places) {
        const from = { buffer: partials, byteOffset: 8 * first };
        emit.k.sumSquaresChunks(from, emit.at(base + 4 * start, 4 * count), count, chunkCount(count));
        first += chunkCount(count);
      }
      emit.k.foldPartials(emit.at(out, 8), partials, chunks, 1, 1);
    };
    squares(layout.model.offset, own, weightSquaresOffset);
    if (trainable > 0)
      squares(
        layout.gradients.offset,
        own.filter(({ frozen }) => !frozen),
        gradientSquaresOffset,
      );
  }
};
