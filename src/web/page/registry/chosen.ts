import type { Dataset } from "../../../domain/datasets/dataset.ts";
import type { ComparedModel, Comparison } from "../../../domain/models/comparison.ts";
import type { AnyModel, Model } from "../../../domain/models/model.ts";
import { formatNumber } from "../format.ts";
import { measureWords } from "../measure-words.ts";

/** "flowers, version 2"; of a model of an earlier version of the service, which has no number, its name. */
export const titleOf = ({ name, version }: { name: string; version?: number | undefined }): string =>
  version === undefined ? name : `${name}, version ${version}`;

/** Models that can be held against the truth: they were trained here, and predict a label. */
export const isComparable = (model: AnyModel): model is Model =>
  "preprocessing" in model && model.preprocessing.label.type !== "none";

/** Whether two models answer the same question: one column, as a class or as a number. */
export const sameLabel = (a: Model, b: Model): boolean => {
  const [own, other] = [a.preprocessing.label, b.preprocessing.label];
  return own.type !== "none" && other.type === own.type && other.column === own.column;
};

/** Whether a data set has the column that a model predicts, so that it can be judged there. */
export const hasLabel = ({ columns }: Dataset, { preprocessing: { label } }: Model): boolean =>
  label.type !== "none" && columns.some(({ name }) => name === label.column);

/** On what a model was trained, as far as it is known: files are told apart by their SHA-256, not row by row. */
export const trainedWords = (
  { heldOut }: Pick<Comparison, "heldOut">,
  { trainedOnIt }: Pick<ComparedModel, "trainedOnIt">,
): string => {
  if (!trainedOnIt) return "on another file; not checked row by row";
  return heldOut ? "on other rows of this data set" : "on this data set";
};

/** What the rows say of two models, or of one alone, in a sentence; `titles`: of the models by id. */
export const verdictOf = (
  { models, differences, measure }: Comparison,
  titles: ReadonlyMap<string, string>,
): string => {
  const said = (id: string | undefined): string => titles.get(id ?? "") ?? id ?? "";
  const [pair] = differences;
  if (pair === undefined) return `${said(models[0]?.model)} by itself.`;
  const { value, lower, upper } = pair.difference;
  const interval =
    lower === null || upper === null ? "" : `, 95 % interval ${formatNumber(lower)} to ${formatNumber(upper)}`;
  const figures = `${measureWords[measure]}: difference ${formatNumber(value)}${interval}`;
  if (pair.tied) return `These rows cannot tell the two apart (${figures}).`;
  return `${said(pair.model)} is better than ${said(pair.other)} (${figures}).`;
};
