import { BinaryReader } from "@bufbuild/protobuf/wire";
import { ServiceError } from "../domain/errors.ts";
import type { Explanation } from "../domain/models/predictions/explanation.ts";
import type { Prediction, PredictResponse } from "../domain/models/predictions/prediction.ts";
import * as wire from "./generated/descent/v1/models.ts";
import { toStruct } from "./job-spec.ts";

/** A question of predictions as it came: its rows are read in the thread that answers it. */
export interface UnreadPrediction {
  model: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** The texts of a message's fields 1 to `last`, empty where it has none; the others are passed over unread. */
export const leadingTexts = (message: Uint8Array, last: number): string[] => {
  const reader = new BinaryReader(message);
  const texts = Array.from({ length: last }, () => "");
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field <= last && type === 2) texts[field - 1] = reader.string();
    else reader.skip(type, field);
  }
  return texts;
};

/** Looks for the model and passes over the rows. The bytes are memory of their own, to be moved to a thread. */
export const unreadPrediction = (message: Uint8Array): UnreadPrediction => {
  const [model = ""] = leadingTexts(message, 1);
  return { model, bytes: new Uint8Array(message) };
};

/** The JSON body that the message stands for, unchecked, as a body is; and the pictures of its rows. */
export const readPredictRequest = (bytes: Uint8Array): Record<string, unknown> & { pictures: Uint8Array[] } => {
  try {
    const { model: _model, pictures, ...body } = wire.PredictRequest.decode(bytes);
    // What was not sent is no key, as in JSON.
    return { ...Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)), pictures };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceError("malformed", `the message could not be decoded: ${reason}`, { cause });
  }
};

/** What is null is absent. */
const toExplanation = ({ answers, ...explanation }: Explanation): wire.Explanation => ({
  ...explanation,
  answers: answers.map(({ class: name, contributions, ...answer }) => ({
    ...{ ...answer, class: name ?? undefined },
    contributions: contributions.map(({ standardError, ...own }) => ({
      ...own,
      standardError: standardError ?? undefined,
    })),
  })),
});

const toKind = (prediction: Prediction): NonNullable<wire.Prediction["kind"]> => {
  if ("outputs" in prediction) {
    const { outputs, label, probabilities } = prediction;
    return { $case: "network", value: { outputs: toStruct(outputs), label, probabilities: probabilities ?? {} } };
  }
  const explained = (explanation: Explanation | undefined) => ({
    explanation: explanation === undefined ? undefined : toExplanation(explanation),
  });
  if ("label" in prediction) {
    const { set = [], explanation } = prediction;
    return { $case: "classification", value: { ...prediction, set, ...explained(explanation) } };
  }
  if ("value" in prediction) {
    const { value, interval, quantiles, explanation } = prediction;
    return { $case: "regression", value: { value, interval, quantiles, ...explained(explanation) } };
  }
  if ("distances" in prediction) return { $case: "cluster", value: prediction };
  if ("cluster" in prediction) return { $case: "mixture", value: prediction };
  if ("reconstruction" in prediction) return { $case: "reconstruction", value: prediction };
  return { $case: "density", value: prediction };
};

export const writePredictResponse = ({
  predictions,
  coverage,
  ...warned
}: PredictResponse): Uint8Array<ArrayBuffer> => {
  const message = {
    ...warned,
    coverage: coverage && { ...coverage, guaranteed: coverage.guaranteed ?? undefined },
    predictions: predictions.map((prediction) => ({ kind: toKind(prediction) })),
  };
  return new Uint8Array(wire.PredictResponse.encode(message).finish());
};
