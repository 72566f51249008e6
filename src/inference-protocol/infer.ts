import type { Cell, Row } from "../domain/datasets/dataset.ts";
import { type AnyModel, isImported, type Model } from "../domain/models/model.ts";
import type { NestedNumbers, Prediction, PredictResponse } from "../domain/models/predictions/prediction.ts";
import { countOf, type Datatype, refused, type Tensor } from "./tensor.ts";

/** A question of the protocol, however it came. */
export interface InferRequest {
  id: string | null;
  inputs: Tensor[];
  /** Null: all outputs. */
  outputs: readonly { name: string; binary: boolean | null }[] | null;
  /** Whether outputs are binary unless they say otherwise. */
  binaryOutput: boolean;
}

export interface TensorMetadata {
  name: string;
  datatype: Datatype;
  shape: number[];
}

/** The one tensor that may stand for all columns of a model that was trained here. */
const allColumns = "features";

const columnType = (type: string): Datatype => (type === "number" ? "FP64" : "BYTES");

/** The columns that a row to predict has: the features, and what counts are of. */
const columnsAsked = ({ preprocessing: { features, offset } }: Model): { column: string; type: string }[] => [
  ...features,
  ...(offset === undefined ? [] : [{ column: offset.column, type: "number" }]),
];

/** An imported network has its file's inputs; a model trained here one for each column. */
export const inputsOf = (model: AnyModel): TensorMetadata[] =>
  isImported(model)
    ? model.inputs.map(({ name, shape }) => ({ name, datatype: "FP32", shape }))
    : columnsAsked(model).map(({ column, type }) => ({
        name: column,
        datatype: columnType(type),
        shape: [-1],
      }));

export const outputsOf = (model: AnyModel): TensorMetadata[] => {
  if (isImported(model)) return model.outputs.map(({ name, shape }) => ({ name, datatype: "FP32", shape }));
  const { preprocessing, task, spec } = model;
  const vector = (name: string, datatype: Datatype): TensorMetadata => ({ name, datatype, shape: [-1] });
  const label = preprocessing.label;
  if (task.type === "classification" && label.type === "classes")
    return [vector("label", "BYTES"), { name: "probabilities", datatype: "FP64", shape: [-1, label.classes.length] }];
  if (task.type === "regression") {
    const { loss } = spec;
    const isBetween = loss.type === "pinball" && loss.interval !== undefined;
    return (isBetween ? ["value", "lower", "upper"] : ["value"]).map((name) => vector(name, "FP64"));
  }
  if (task.type === "density_estimation") return [vector("logDensity", "FP64")];
  if (task.type === "reconstruction")
    return [
      ...preprocessing.features.map(({ column, type }) => vector(column, columnType(type))),
      vector("reconstructionError", "FP64"),
    ];
  const clusters = (name: string): TensorMetadata => ({ name, datatype: "FP64", shape: [-1, -1] });
  return spec.model.type === "k_means"
    ? [vector("cluster", "INT64"), clusters("distances")]
    : [vector("cluster", "INT64"), clusters("probabilities"), vector("logDensity", "FP64")];
};

/** How many rows there are: the first size of every input. */
const rowsOf = (inputs: readonly Tensor[]): number => {
  const rows = inputs[0]?.shape[0];
  if (rows === undefined || rows < 1) throw refused("there must be an input, and its first size is the number of rows");
  const other = inputs.find(({ shape }) => shape[0] !== rows);
  if (other !== undefined)
    throw refused(`the input ${other.name} has ${other.shape[0] ?? "no"} rows, the first input ${rows}`);
  return rows;
};

const cellOf = ({ datatype, values }: Tensor, at: number): Cell => {
  const value = values[at]!;
  if (datatype === "BOOL") return value === 1;
  return typeof value === "number" && Number.isNaN(value) ? null : value;
};

const columnsOf = (model: Model, inputs: readonly Tensor[]): { name: string; cell: (row: number) => Cell }[] => {
  const names = columnsAsked(model).map(({ column }) => column);
  const [whole] = inputs;
  const isWhole = inputs.length === 1 && whole?.name === allColumns && whole.shape.length === 2;
  if (isWhole && whole !== undefined) {
    if (whole.shape[1] !== names.length)
      throw refused(`features must have ${names.length} columns, in this order: ${names.slice(0, 50).join(", ")}`);
    return names.map((name, i) => ({ name, cell: (row) => cellOf(whole, row * names.length + i) }));
  }
  const seen = new Set<string>();
  return inputs.map((input) => {
    if (!names.includes(input.name))
      throw refused(
        `the model has no input ${JSON.stringify(input.name)}; it has ${names.slice(0, 50).join(", ")}, or ${allColumns} for all`,
      );
    if (seen.has(input.name)) throw refused(`the input ${input.name} is there twice`);
    seen.add(input.name);
    if (countOf(input.shape.slice(1)) !== 1) throw refused(`the input ${input.name} must have the shape [n] or [n, 1]`);
    return { name: input.name, cell: (row) => cellOf(input, row) };
  });
};

/** The body that a prediction of the same rows would have. */
export const toPredictBody = (model: AnyModel, inputs: readonly Tensor[]): unknown => {
  const rows = rowsOf(inputs);
  if (isImported(model)) {
    for (const { name } of model.inputs)
      if (!inputs.some((input) => input.name === name)) throw refused(`the input ${name} is missing`);
    const parts = inputs.map((input) => {
      const port = model.inputs.find(({ name }) => name === input.name);
      if (port === undefined)
        throw refused(
          `the network has no input ${JSON.stringify(input.name)}; it has ${model.inputs.map(({ name }) => name).join(", ")}`,
        );
      if (input.datatype === "BYTES") throw refused(`the input ${input.name} must be numbers`);
      const size = countOf(port.shape.slice(1));
      if (port.shape.slice(1).join() !== input.shape.slice(1).join())
        throw refused(
          `the input ${input.name} must have the shape [n, ${port.shape.slice(1).join(", ")}], not [${input.shape.join(", ")}]`,
        );
      const numbers = Array.from(input.values as ArrayLike<number>);
      return (row: number): [string, number[]] => [input.name, numbers.slice(row * size, (row + 1) * size)];
    });
    return { rows: Array.from({ length: rows }, (_, row) => Object.fromEntries(parts.map((part) => part(row)))) };
  }
  const columns = columnsOf(model, inputs);
  return {
    rows: Array.from(
      { length: rows },
      (_, row): Row => Object.fromEntries(columns.map(({ name, cell }) => [name, cell(row)])),
    ),
  };
};

const flatten = (value: NestedNumbers): number[] => (Array.isArray(value) ? value.flatMap(flatten) : [value]);

/** One output's elements of one row. */
const elementsOf = (prediction: Prediction, name: string): (number | string)[] => {
  if ("outputs" in prediction) return flatten(prediction.outputs[name]!);
  if ("reconstruction" in prediction)
    return [name === "reconstructionError" ? prediction.error : prediction.reconstruction[name]!];
  if ("value" in prediction && (name === "lower" || name === "upper")) return [prediction.quantiles![name]];
  const value: unknown = (prediction as Record<string, unknown>)[name];
  if (typeof value === "object" && value !== null) return Object.values(value) as number[];
  return [value as number | string];
};

/** The asked outputs, in their order, of a prediction's answer. */
export const toOutputs = (model: AnyModel, request: InferRequest, { predictions }: PredictResponse): Tensor[] => {
  const known = outputsOf(model);
  const wanted =
    request.outputs === null || request.outputs.length === 0
      ? known.map(({ name }) => name)
      : request.outputs.map(({ name }) => name);
  return wanted.map((name): Tensor => {
    const output = known.find((each) => each.name === name);
    if (output === undefined)
      throw refused(
        `the model has no output ${JSON.stringify(name)}; it has ${known.map((each) => each.name).join(", ")}`,
      );
    const values = predictions.flatMap((prediction) => elementsOf(prediction, name));
    const inner = output.shape.slice(1);
    // A clustering's number of clusters is known by its answers.
    const sizes = inner.includes(-1) ? [values.length / predictions.length] : inner;
    return { name, datatype: output.datatype, shape: [predictions.length, ...sizes], values: values as number[] };
  });
};
