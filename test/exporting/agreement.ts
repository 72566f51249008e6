import { expect } from "vitest";
import type { Model } from "../../src/domain/models/model.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import type { runOnnx } from "./runtime.ts";

type Outputs = Awaited<ReturnType<typeof runOnnx>>;

/** What onnxruntime says, in the words of a prediction. */
export const answersOf = ({ preprocessing, task }: Model, outputs: Outputs, rows: number): Prediction[] => {
  const at = (name: string, row: number): (number | string)[] => {
    const { data } = outputs[name]!;
    const width = data.length / rows;
    return data.slice(row * width, (row + 1) * width);
  };
  return Array.from({ length: rows }, (_, row): Prediction => {
    const number = (name: string): number => at(name, row)[0] as number;
    if (task.type === "density_estimation") return { logDensity: number("logDensity") };
    if (task.type === "clustering") {
      const cluster = number("cluster");
      if (outputs.distances) return { cluster, distances: at("distances", row) as number[] };
      return { cluster, probabilities: at("probabilities", row) as number[], logDensity: number("logDensity") };
    }
    if (task.type === "reconstruction") {
      const names = preprocessing.features.map(({ column }) => column);
      const reconstruction = Object.fromEntries(names.map((name) => [name, at(`reconstructed_${name}`, row)[0]!]));
      return { reconstruction, error: number("error") };
    }
    if (preprocessing.label.type !== "classes") return { value: number("value_2" in outputs ? "value_2" : "value") };
    const probabilities = at("probabilities", row) as number[];
    const named = preprocessing.label.classes.map((name, i) => [name, probabilities[i]!]);
    return { label: at("label", row)[0] as string, probabilities: Object.fromEntries(named) };
  });
};

const flat = (value: unknown): (number | string)[] => {
  if (typeof value === "number" || typeof value === "string") return [value];
  return Object.values(value as object).flatMap(flat);
};

/** Numbers agree to 1e-5 of themselves or, where they are small beside the others of their kind, of the largest of them; texts are the same. */
export const expectAgreement = (ours: readonly Prediction[], theirs: readonly Prediction[]): void => {
  const [mine, other] = [ours.map(flat), theirs.map(flat)];
  const scale = mine[0]!.map((_, i) =>
    Math.max(...mine.map((row) => (Number.isFinite(row[i]) ? Math.abs(row[i] as number) : 0))),
  );
  for (const [row, values] of mine.entries()) {
    for (const [i, value] of values.entries()) {
      const said = other[row]![i]!;
      // Beyond its range a rate may be infinite: on both sides.
      if (typeof value === "string" || !Number.isFinite(value)) expect(said, `row ${row}`).toBe(value);
      else
        expect(Math.abs(value - (said as number)), `row ${row}, number ${i}: ${value} and ${said}`).toBeLessThanOrEqual(
          1e-5 * scale[i]!,
        );
    }
  }
};
