import { expect } from "vitest";
import { DescentError, type JobSpec } from "../../src/client/descent.ts";

export const irisFile = new URL("../data/iris.csv", import.meta.url);

export const specFor = (dataset: string): JobSpec => ({ dataset, task: { type: "classification", label: "species" } });

export const failureOf = async (work: Promise<unknown>): Promise<DescentError> => {
  const error = await work.then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DescentError);
  return error as DescentError;
};
