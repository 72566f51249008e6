import type { PreparedArrays } from "../../src/data/preprocessing/prepare.ts";
import { type FeatureTransform, isScaled, type Preprocessing } from "../../src/domain/models/model.ts";
import type { TrainingRunContext } from "./training-run.ts";

type Event = Parameters<TrainingRunContext["onEvent"]>[0];

/** An event names so many; of the others only the number. */
const mostNamed = 10;

const isConstant = (feature: FeatureTransform): boolean => {
  if (feature.missingIndicator || feature.type === "image" || feature.type === "text") return false;
  if (feature.type === "category") return feature.categories.length - feature.unseen.length === 1;
  return feature.range !== undefined && feature.range.minimum === feature.range.maximum;
};

const isEmpty = (feature: FeatureTransform): boolean => {
  if (feature.type === "image" || feature.type === "text") return false;
  return isScaled(feature) ? feature.unlearnt === true : feature.categories.length === feature.unseen.length;
};

const warning = (type: Event["type"], names: readonly string[], says: (list: string) => string): Event[] => {
  if (names.length === 0) return [];
  const list = names.slice(0, mostNamed).map((name) => JSON.stringify(name));
  const further = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : "";
  const data = { names: names.slice(0, mostNamed), count: names.length };
  return [{ level: "warn", type, message: says(`${list.join(", ")}${further}`), data }];
};

const classesWithoutRows = ({ label }: Preprocessing, { train }: PreparedArrays): string[] => {
  if (label.type !== "classes" || train.labels === null) return [];
  const seen = new Uint8Array(label.classes.length);
  for (const index of train.labels) seen[index] = 1;
  return label.classes.filter((_, index) => seen[index] === 0);
};

/** Held-out rows of a class that no training row has: the model cannot answer rightly. */
export const unlearntRows = (preprocessing: Preprocessing, arrays: PreparedArrays): number => {
  const { label } = preprocessing;
  const { labels } = arrays.test;
  if (label.type !== "classes" || labels === null) return 0;
  const missing = new Set(classesWithoutRows(preprocessing, arrays));
  let rows = 0;
  for (const index of labels) if (missing.has(label.classes[index]!)) rows += 1;
  return rows;
};

/** Of a fold: that its training rows lack a class, most often because groups hold whole classes. */
export const foldEvents = (preprocessing: Preprocessing, arrays: PreparedArrays): Event[] =>
  dataEvents(preprocessing, arrays).filter(({ type }) => type === "class_without_rows");

/** What the training rows cannot teach: it is known when they have been read, and said once, before the training. */
export const dataEvents = (preprocessing: Preprocessing, arrays: PreparedArrays): Event[] => {
  const namesOf = (odd: (feature: FeatureTransform) => boolean): string[] =>
    preprocessing.features.filter(odd).map(({ column }) => column);
  return [
    ...warning("empty_features", namesOf(isEmpty), (list) => `no row of the training split has a value in ${list}`),
    ...warning(
      "constant_features",
      namesOf(isConstant),
      (list) => `every row of the training split has the same in ${list}: nothing can be learnt from it`,
    ),
    ...warning(
      "class_without_rows",
      classesWithoutRows(preprocessing, arrays),
      (list) => `no row of the training split has the class ${list}: it will not be predicted`,
    ),
  ];
};
