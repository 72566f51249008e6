import type { Graph, Value } from "../graph/graph.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Initial } from "./initializers.ts";

/** A tensor that a model owns. */
export interface TensorDeclaration {
  /** `hidden.0.weight` */
  readonly name: string;
  /** `hidden.0` */
  readonly layer: string;
  /** Parameters are learnt; statistics are the running averages of batch normalisation. */
  readonly kind: "parameter" | "statistic";
  readonly shape: Shape;
  readonly initial: Initial;
  /** Weights are, biases and normalisation parameters are not, subject to l1, l2 and weight decay. */
  readonly penalised: boolean;
  /** A constant of a network from a file: stored with the weights, never learnt. */
  readonly fixed?: boolean;
}

/** A layer's output, to be described in the job's metrics. */
export interface Activity {
  readonly layer: string;
  readonly value: Value;
  readonly rectified: boolean;
}

/** What layers are traced in. The same layers may be traced again with another batch size or for inference: tensors are known by their names. */
export interface Scope {
  readonly graph: Graph;
  /** Mini-batch statistics and dropout are for training; running averages and no dropout for inference. */
  readonly training: boolean;
  readonly declarations: Map<string, TensorDeclaration>;
  readonly activities: Activity[];
  /** Seed and step of the random stream. */
  readonly random: Value;
  /** Whether batch normalisation keeps to its running averages in training too, and leaves them as they are. */
  readonly fixedStatistics: boolean;
  isFrozen(layer: string): boolean;
  /** Numbers the model's dropouts. */
  nextDropout(): number;
}

export const createScope = (
  graph: Graph,
  training: boolean,
  isFrozen: (layer: string) => boolean,
  fixedStatistics = false,
): Scope => {
  let dropouts = 0;
  return {
    graph,
    training,
    declarations: new Map(),
    activities: [],
    random: graph.leaf("state.random", [4], "u32"),
    isFrozen,
    fixedStatistics,
    nextDropout: () => dropouts++,
  };
};

/** The leaf of a tensor of the model, declared on first sight. */
export const tensor = (scope: Scope, declaration: TensorDeclaration): Value => {
  scope.declarations.set(declaration.name, declaration);
  return scope.graph.leaf(declaration.name, declaration.shape);
};

/** A model traced on x [rows, inputs]: its linear predictor [rows, outputs], before the link of the loss (softmax, sigmoid, exp). */
export type Trace = (scope: Scope, x: Value, outputs: number) => Value;
