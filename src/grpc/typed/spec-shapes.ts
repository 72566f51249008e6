import { ModelSpec } from "../../domain/jobs/spec/model-spec.ts";
import { OptimizerSpec } from "../../domain/jobs/spec/optimizer-spec.ts";
import { LossSpec } from "../../domain/jobs/spec/parts/loss-spec.ts";
import { ThresholdSpec } from "../../domain/jobs/spec/parts/threshold-spec.ts";
import { TrainingSpec } from "../../domain/jobs/spec/parts/training-spec.ts";
import { PreprocessingSpec } from "../../domain/jobs/spec/preprocessing-spec.ts";
import { createShapes } from "./read-shapes.ts";

const shapes = createShapes();

/** The parts of a specification whose messages are made from their schemas, by their keys. */
export const specShapes = {
  model: shapes.of(ModelSpec, "ModelSpec"),
  loss: shapes.of(LossSpec, "LossSpec"),
  optimizer: shapes.of(OptimizerSpec, "OptimizerSpec"),
  training: shapes.of(TrainingSpec, "TrainingSpec"),
  preprocessing: shapes.of(PreprocessingSpec, "PreprocessingSpec"),
};

export const thresholdShape = shapes.of(ThresholdSpec, "ThresholdSpec");

/** Every message that they need: those inside before those around them. */
export const specMessages = shapes.all();
