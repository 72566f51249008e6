import type { Column, ColumnNote, Dataset } from "../../datasets/dataset.ts";
import {
  constantOf,
  farDeviations,
  hasNote,
  isEmptyColumn,
  isFar,
  isFarFromMean,
  isLikeIds,
  isLikeRowNumbers,
  isMostlyMissing,
  isSkewed,
} from "../../datasets/odd-columns.ts";
import { saysLogarithm, scalingOf } from "./columns/column-options.ts";
import type { ResolvedJobSpec, TaskSpec } from "./job-spec.ts";
import { type CountedDataset, unlabelledRows } from "./rows/counted-rows.ts";
import { isStratified, splitSizes } from "./rows/sizes-of-splits.ts";
import { classCounts, columnsByName, featureNames, findColumn, labelName, leftOutColumns } from "./task-columns.ts";

/** A warning names so many; of the others only the number. */
const mostNamed = 10;

const named = (names: readonly string[]): string => {
  const quoted = names.slice(0, mostNamed).map((name) => JSON.stringify(name));
  const further = names.length - quoted.length;
  return further > 0 ? `${quoted.join(", ")} and ${further} more` : quoted.join(", ");
};

const are = (names: readonly string[]): string => (names.length === 1 ? "is" : "are");

const rowNumbersWarning = (features: readonly Column[], rows: number): string[] => {
  const names = features.filter((column) => isLikeRowNumbers(column, rows)).map(({ name }) => name);
  // One that is alone is what was asked for.
  if (names.length === 0 || features.length === 1) return [];
  const [look, it] = names.length === 1 ? ["looks", "it"] : ["look", "them"];
  return [
    `${named(names)} ${look} like numbers of rows or ids, and ${are(names)} learnt from as a quantity: unless larger ones mean more of something, name ${it} in task.exclude`,
  ];
};

const farWarning = (columns: readonly Column[]): string[] => {
  const [first] = columns;
  if (first === undefined) return [];
  const where = columns.every(isFarFromMean)
    ? `more than ${farDeviations} standard deviations from the mean`
    : "far from all others";
  const mean = first.mean === undefined ? "" : `, mean ${Number(first.mean.toPrecision(4))}`;
  return [
    `${named(columns.map(({ name }) => name))} ${columns.length === 1 ? "has" : "have"} values ${where} (${JSON.stringify(first.name)}: ${first.minimum} to ${first.maximum}${mean}): see whether they are slips; if they are not, upload their logarithm or their rank, or state the scaling "robust" or "quantile" in preprocessing.columns`,
  ];
};

/** Skewed columns that the job takes as they are. */
const skewedWarning = ({ preprocessing }: ResolvedJobSpec, features: readonly Column[], rows: number): string[] => {
  const names = features
    .filter((column) => isSkewed(column, rows))
    .filter(({ name }) => scalingOf(preprocessing, name) === "standardize" && !saysLogarithm(preprocessing, name))
    .map(({ name }) => name);
  if (names.length === 0) return [];
  const [have, it] = names.length === 1 ? ["has", "it"] : ["have", "them"];
  return [
    `${named(names)} ${have} a long tail above, which decides about the scale: {"preprocessing": {"columns": {${JSON.stringify(names[0])}: {"logarithm": true}}}} learns from the logarithm of ${it}, which is worth a try ("logarithm": "auto" in preprocessing that of all such columns); the scaling "quantile" from ${names.length === 1 ? "its" : "their"} ranks`,
  ];
};

/** Copies of rows are learnt from and measured on where rows are drawn one by one. */
const copiesWarning = ({ training: { split, crossValidation } }: ResolvedJobSpec, dataset: Dataset): string[] => {
  const note = dataset.notes?.find(({ code }) => code === "repeated_rows");
  const isDrawn = (split.by ?? split.time ?? split.column ?? crossValidation?.by) === undefined;
  const measures = split.test > 0 || split.validation > 0 || crossValidation !== undefined;
  return note === undefined || !isDrawn || !measures ? [] : [note.message];
};

/** What was read as categories and is probably none. */
const misreadColumns = (features: readonly Column[]): string[] => {
  const warned = (code: ColumnNote["code"], warning: string): string[] => {
    const names = features.filter(hasNote(code)).map(({ name }) => name);
    return names.length === 0 ? [] : [`${named(names)} ${are(names)} read as categories${warning}`];
  };
  return [
    ...warned("decimal_commas", " and look like numbers with decimal commas: upload the file with ?decimal=,"),
    ...warned(
      "mostly_numbers",
      " because of a few cells, while most are numbers: the data set's notes name the first; state the word for a missing one in ?missingWords=, or correct them, and upload again",
    ),
    ...warned(
      "mostly_dates",
      " because of a few cells, while most are dates: the data set's notes name the first; correct them, and upload again",
    ),
    ...warned(
      "ambiguous_dates",
      " and look like dates of which it is not said what is the day and what the month: the data set's notes name the remedy",
    ),
    ...warned(
      "formatted_numbers",
      ", and written like numbers with thousands marks or signs: write them as the data set's notes say, and upload again",
    ),
  ];
};

/** Features that say the label, as it stands or in other words. */
const columnsLikeLabel = (features: readonly Column[], label: Column | undefined, dataset: Dataset): string[] => {
  if (label === undefined) return [];
  const columns = columnsByName(dataset);
  const firstOf = ({ name, saysAs }: Column): string => {
    const before = saysAs === undefined ? undefined : columns.get(saysAs);
    return before === undefined ? name : firstOf(before);
  };
  const first = firstOf(label);
  return features.filter((column) => firstOf(column) === first).map(({ name }) => name);
};

/** What comes again, of rows and of columns, and what lies far away. */
const unusualData = (spec: ResolvedJobSpec, dataset: Dataset, features: readonly Column[]): string[] => {
  const label = findColumn(dataset, labelName(spec.task) ?? "");
  const leaks = columnsLikeLabel(features, label, dataset);
  const others = features.filter(({ name }) => !leaks.includes(name));
  const same = others.filter(hasNote("same_column")).map(({ name }) => name);
  const names = new Set(others.map(({ name }) => name));
  const paired = others.filter((column) => hasNote("one_to_one")(column) && names.has(column.saysAs ?? ""));
  return [
    ...(leaks.length > 0
      ? [
          `${named(leaks)} ${leaks.length === 1 ? "tells" : "each tell"} ${JSON.stringify(label?.name)} alone: each of its values goes with one of the label, and the other way round; if it is not known before the label is, name it in task.exclude`,
        ]
      : []),
    ...paired.map(
      ({ name, saysAs }) =>
        `${JSON.stringify(name)} says the same as ${JSON.stringify(saysAs)} in other words: name one of them in task.exclude`,
    ),
    ...(same.length > 0
      ? [
          `${named(same)} ${are(same)} the same as another column in every row: the two say the same; name one of them in task.exclude`,
        ]
      : []),
    ...skewedWarning(spec, features, dataset.rows),
    ...farWarning([...features, ...(label === undefined ? [] : [label])].filter(isFar)),
    ...copiesWarning(spec, dataset),
  ];
};

/** Classes that no row of the training split has; only where the split is drawn class by class does the manifest tell. */
const classesWithoutRows = ({ task, training }: ResolvedJobSpec, dataset: CountedDataset): string[] => {
  const column =
    task.type === "classification" && isStratified(task, training.split)
      ? dataset.columns.find(({ name }) => name === task.label)
      : undefined;
  const classes = column === undefined ? null : classCounts(column);
  if (classes === null) return [];
  const sizes = splitSizes(task, training.split, dataset);
  return classes.filter((_, i) => sizes[i]?.train === 0).map(({ value }) => value);
};

/** A class of one row is learnt by no model that is asked about it. */
const classesOfOneRow = ({ task, training }: ResolvedJobSpec, dataset: Dataset): string[] => {
  if (task.type !== "classification" || training.crossValidation === undefined) return [];
  const column = dataset.columns.find(({ name }) => name === task.label);
  const classes = column === undefined ? null : classCounts(column);
  return (classes ?? []).filter(({ count }) => count === 1).map(({ value }) => value);
};

/** More dates than a person would call classes; and so many rows a class at least that something can be learnt of it. */
const [manyDates, fewestOfClass] = [10, 5];

/** A label whose values are hardly classes: dates, none of which comes again, or more classes than the rows can tell apart. */
const doubtfulClasses = (task: TaskSpec, dataset: Dataset): string[] => {
  const column = task.type === "classification" ? findColumn(dataset, task.label) : undefined;
  const classes = column === undefined ? null : classCounts(column);
  if (column === undefined || classes === null) return [];
  const name = JSON.stringify(column.name);
  if (column.type === "datetime" && classes.length > manyDates)
    return [
      `${name} holds dates, and each of its ${classes.length} is a class: dates to come are none of them and cannot be answered; choose another label, or upload the table with what matters of it (the month, the days from a start) as a column`,
    ];
  const rows = dataset.rows - column.missing;
  if (classes.length > manyDates && rows < fewestOfClass * classes.length)
    return [
      `${name} has ${classes.length} classes in ${rows} rows, ${(rows / classes.length).toFixed(1)} of a class: too few to learn most of them; choose a label with fewer classes, put rare ones together, or add rows`,
    ];
  return [];
};

/** Classes that a few rows have, which are hardly learnt, and measured on one or two rows or none. */
const rareClasses = (task: TaskSpec, dataset: Dataset): string[] => {
  const column = task.type === "classification" ? findColumn(dataset, task.label) : undefined;
  const rare = (column === undefined ? null : classCounts(column))?.filter(({ count }) => count < fewestOfClass) ?? [];
  if (rare.length === 0 || doubtfulClasses(task, dataset).length > 0) return [];
  const most = Math.max(...rare.map(({ count }) => count));
  const rows = most === 1 ? "1 row" : `${most} rows at most`;
  return [
    `of the class ${named(rare.map(({ value }) => value))} there ${most === 1 ? "is" : "are"} ${rows}: too few to learn it well, or to measure how well; add rows, put rare classes together, or leave their rows out`,
  ];
};

/** Rows that the job leaves out. */
export const unlabelledWarning = (task: TaskSpec, dataset: Dataset): string[] => {
  const rows = unlabelledRows(task, dataset);
  if (rows === 0) return [];
  const [have, are] = rows === 1 ? ["has", "is"] : ["have", "are"];
  return [
    `${rows} of ${dataset.rows} rows ${have} no ${JSON.stringify(labelName(task))} and ${are} left out: nothing is learnt or measured from them; the model can predict them`,
  ];
};

/**
 * What the data's manifest says against a job as it was asked for, without making it wrong. Each names the columns or classes, and the remedy.
 * @param asked the task as it came, which says whether columns were left out by the service
 */
export const dataWarnings = (spec: ResolvedJobSpec, dataset: CountedDataset, asked: TaskSpec = spec.task): string[] => {
  const wanted = new Set(featureNames(spec.task, dataset));
  const features = dataset.columns.filter(({ name }) => wanted.has(name));
  const namesOf = (odd: (column: Column) => boolean): string[] => features.filter(odd).map(({ name }) => name);
  const empty = namesOf((column) => isEmptyColumn(column, dataset.rows));
  const constant = namesOf((column) => constantOf(column) !== null);
  const ids = namesOf((column) => isLikeIds(column, dataset.rows));
  const sparse = namesOf((column) => isMostlyMissing(column, dataset.rows));
  const unfit = new Set(spec.base === undefined ? leftOutColumns(asked, dataset) : []);
  const leftOutOf = (texts: boolean): string[] =>
    dataset.columns.filter(({ name, type }) => unfit.has(name) && (type === "text") === texts).map(({ name }) => name);
  const [texts, leftOut] = [leftOutOf(true), leftOutOf(false)];
  const unlearnt = classesWithoutRows(spec, dataset);
  const alone = classesOfOneRow(spec, dataset);
  return [
    ...unlabelledWarning(spec.task, dataset),
    ...doubtfulClasses(spec.task, dataset),
    ...rareClasses(spec.task, dataset),
    ...(leftOut.length > 0
      ? [
          `${named(leftOut)} ${are(leftOut)} left out of the features: too many different texts, or longer ones than categories are; change the type of what are words to "text", make numbers or categories of what matters in them, or name the columns in task.exclude`,
        ]
      : []),
    ...(texts.length > 0
      ? [
          `${named(texts)} ${are(texts)} left out of the features: a task without a label learns from texts only where task.features names them; name what is left out on purpose in task.exclude`,
        ]
      : []),
    ...(empty.length > 0 ? [`${named(empty)} ${are(empty)} empty: leave what has no value out of the features`] : []),
    ...(constant.length > 0
      ? [
          `${named(constant)} ${are(constant)} constant: nothing can be learnt from what every row has; leave it out of the features`,
        ]
      : []),
    ...(ids.length > 0
      ? [
          `${named(ids)} ${are(ids)} different in every row, like an id: nothing can be learnt from it for other rows; name it in task.exclude`,
        ]
      : []),
    ...rowNumbersWarning(features, dataset.rows),
    ...(sparse.length > 0
      ? [
          `${named(sparse)} ${are(sparse)} missing in more than half of the rows: see whether what is there is worth it, or name it in task.exclude`,
        ]
      : []),
    ...misreadColumns(features),
    ...unusualData(spec, dataset, features),
    ...(unlearnt.length > 0
      ? [
          `no row of the training split has the class ${named(unlearnt)}: it will never be predicted; add rows of it, or make the other splits smaller`,
        ]
      : []),
    ...(alone.length > 0
      ? [
          `one row alone has the class ${named(alone)}: the model of its fold has not learnt that there is such a class; add rows of it`,
        ]
      : []),
  ];
};
