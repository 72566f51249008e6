import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import type { ModelSpec } from "../../domain/jobs/spec/model-spec.ts";
import type { EnsembleMember } from "../../domain/jobs/spec/parts/mlp-spec.ts";
import type { Initializer } from "../../domain/jobs/spec/parts/units.ts";
import type { NetworkDescription } from "../../domain/models/network.ts";
import type { Value } from "../graph/graph.ts";
import { convolutional } from "./convolutional.ts";
import { meanOfMembers } from "./ensemble.ts";
import { ModelShapeError } from "./errors.ts";
import { constantInitial } from "./initializers.ts";
import {
  batchNormOf,
  dense,
  dropoutLayer,
  embedded,
  embeddedCategories,
  type LayerOptions,
  sideBySide,
} from "./layers.ts";
import { networkTrace } from "./network.ts";
import { type Scope, type Trace, tensor } from "./scope.ts";

/** The output layer of every model: linear, without normalisation. */
const head = (scope: Scope, x: Value, outputs: number, initializer: Initializer, layer = "output"): Value =>
  dense(scope, layer, x, outputs, { activation: "identity", initializer, batchNorm: null });

/** The tensor of an ensemble whose shares are chosen. */
export const shareTensor = "members.share";

type Stacked = EnsembleMember | Extract<ModelSpec, { type: "autoencoder" }>;

/** Dense layers `name.0`, `name.1`, …, each with the model's activation, normalisation and dropout. */
const stack = (scope: Scope, name: string, x: Value, units: readonly number[], spec: Stacked): Value => {
  const options: LayerOptions = {
    activation: spec.activation,
    initializer: spec.initializer,
    batchNorm: batchNormOf(spec.batchNorm),
  };
  return units.reduce(
    (input, count, index) => dropoutLayer(scope, dense(scope, `${name}.${index}`, input, count, options), spec.dropout),
    x,
  );
};

/** The hidden layers of a perceptron, behind its embeddings if it has some. */
const hiddenOf = (scope: Scope, prefix: string, x: Value, spec: EnsembleMember): Value => {
  const { categories = [] } = spec;
  const parts =
    categories.length === 0
      ? { others: x, embedded: [] }
      : embeddedCategories(scope, `${prefix}categories`, x, categories);
  const numbers =
    parts.others && spec.embedding ? embedded(scope, `${prefix}embedding`, parts.others, spec.embedding) : parts.others;
  const seen = [...(numbers === null ? [] : [numbers]), ...parts.embedded].reduce(sideBySide);
  return stack(scope, `${prefix}hidden`, seen, spec.hidden, spec);
};

/** Multilayer perceptron: `categories.0`, …, and `embedding` where it has them, `hidden.0`, `hidden.1`, …, `output`. */
const perceptron =
  (spec: Extract<ModelSpec, { type: "mlp" }>): Trace =>
  (scope, x, outputs) =>
    head(scope, hiddenOf(scope, "", x, spec), outputs, spec.initializer);

/** Each member's own linear predictor: layers `member.0.hidden.0`, …, `output.0`. */
const members = (
  { members: specs }: Extract<ModelSpec, { type: "ensemble" }>,
  ...[scope, x, outputs]: Parameters<Trace>
) =>
  specs.map((spec, i) => {
    return head(scope, hiddenOf(scope, `member.${i}.`, x, spec), outputs, spec.initializer, `output.${i}`);
  });

/** Shares of the members, which held-out rows choose once these have learnt; null: they are equal. */
const sharesOf = (scope: Scope, { members, shares }: Extract<ModelSpec, { type: "ensemble" }>): Value | null => {
  if (shares !== "held_out") return null;
  const initial = constantInitial(1 / members.length);
  const layer = "members";
  return tensor(scope, {
    name: shareTensor,
    layer,
    kind: "statistic",
    shape: [members.length],
    initial,
    penalised: false,
  });
};

/** `encoder.0`, …, the last of them the code (linear, without normalisation or dropout); then the mirrored `decoder.0`, …, and `output`. */
const autoencoder =
  (spec: Extract<ModelSpec, { type: "autoencoder" }>): Trace =>
  (scope, x, outputs) => {
    const inner = spec.encoder.slice(0, -1);
    const { initializer } = spec;
    const encoded = stack(scope, "encoder", x, inner, spec);
    const code = dense(scope, `encoder.${inner.length}`, encoded, spec.encoder.at(-1)!, {
      activation: "identity",
      initializer,
      batchNorm: null,
    });
    return head(scope, stack(scope, "decoder", code, inner.toReversed(), spec), outputs, initializer);
  };

/** A job's specification, and the network from a file that it trains, if it trains one. */
export type TracedSpec = ResolvedJobSpec & { readonly network?: NetworkDescription };

/** The trace of what a job trains; of an ensemble the mean of its members, as it answers. */
export const traceOfJob = ({ network, model, loss }: TracedSpec): Trace => {
  if (network !== undefined) return networkTrace(network);
  if (model.type !== "ensemble") return traceOf(model);
  return (...asked) => meanOfMembers(loss, members(model, ...asked), sharesOf(asked[0], model));
};

/** The linear predictors that each have a loss of their own: one, and of an ensemble one of each member. */
export const learnersOfJob = (spec: TracedSpec): ((...asked: Parameters<Trace>) => Value[]) => {
  const { model } = spec;
  if (model.type === "ensemble")
    return (...asked) => {
      const learners = members(model, ...asked);
      // No loss goes by the shares, and yet they are a tensor of the model.
      sharesOf(asked[0], model);
      return learners;
    };
  const trace = traceOfJob(spec);
  return (...asked) => [trace(...asked)];
};

/** The trace of a model. Mixtures and k-means are not graphs: they have estimators of their own. */
export const traceOf = (spec: ModelSpec): Trace => {
  switch (spec.type) {
    case "linear":
    case "logistic":
    case "softmax":
    case "poisson":
    case "gamma":
    case "negative_binomial":
    case "quantile":
      return (scope, x, outputs) => head(scope, x, outputs, spec.initializer);
    case "mlp":
      return perceptron(spec);
    case "autoencoder":
      return autoencoder(spec);
    case "cnn":
      return (scope, x, outputs) => {
        const features = convolutional(scope, x, spec);
        return head(scope, features, outputs, spec.initializer);
      };
    case "ensemble":
      throw new ModelShapeError(
        "/model/type",
        "how the members of an ensemble are averaged depends on the loss, which its model alone does not tell",
      );
    case "network":
      throw new ModelShapeError("/model/type", "a network is that of a base, which this job has not");
    case "gaussian_mixture":
    case "k_means":
      throw new ModelShapeError("/model/type", `${spec.type} is not trained by gradients`);
  }
};
