import { counted } from "../../../domain/counted.ts";
import type { Dependence, Explained } from "../../../domain/models/explained.ts";
import type { Against } from "../../../domain/models/parts/against.ts";
import { measureWords } from "../../../domain/models/parts/measure-words.ts";
import { figure, type Html, nothing, section, shown, table, withInterval } from "./html.ts";
import { intervalPlot, linePlot } from "./plots.ts";

const mostColumns = 20;

/** Is it worth it, against simpler models on the same rows? */
export const againstSection = (against: Against | null): Html => {
  if (against === null) return nothing;
  const { linear } = against;
  const compared = [
    { name: "knowing no feature", estimate: against.null.difference },
    ...(linear === null ? [] : [{ name: `exact ${linear.model} model`, estimate: linear.difference }]),
  ];
  const caption = `What the ${measureWords[against.measure]} is better by than that of simpler models, paired, with 95 % intervals: right of 0 the model is worth having; n = ${counted(against.rows, "row")} of the report's split.`;
  return section("Is it worth it?", figure(intervalPlot("against simpler models", compared, [0]), caption));
};

const isNumber = (value: unknown): value is number => typeof value === "number";

const dependenceOf = ({ column, values, answers, individual }: Dependence, rows: number): Html => {
  const numbers = values.every(isNumber) ? values.filter(isNumber) : values.map((_, i) => i);
  const pointsOf = (means: readonly number[]) => means.map((mean, i) => [numbers[i]!, mean] as const);
  const [answer] = answers;
  if (answer === undefined) return nothing;
  const faint = individual
    .filter((curve) => curve.class === answer.class)
    .map((curve) => ({ points: pointsOf(curve.values), faint: true }));
  const y = answer.class === null ? "prediction" : `probability of ${answer.class}`;
  const plot = linePlot(`dependence on ${column}`, [...faint, { points: pointsOf(answer.mean), dots: true }], {
    x: column,
    y,
  });
  const named = values.every(isNumber)
    ? ""
    : ` From the left: ${values
        .slice(0, 20)
        .map((value) => (value === null ? "missing" : String(value)))
        .join(", ")}.`;
  return figure(
    plot,
    `What the model answers on average while ${JSON.stringify(column)} is set to one value after another, and for single rows (thin); n = ${rows}.${named}`,
  );
};

/** Which columns matter, and how. */
export const explainedSection = (explained: Explained | null): Html => {
  if (explained === null) return nothing;
  const { columns, groups, measure, rows, repeats, dependence, dependenceRows } = explained;
  const shownColumns = columns
    .slice(0, mostColumns)
    .map(({ column, importance }) => ({ name: column, estimate: importance }));
  const caption = `Permutation importance: what the ${measureWords[measure]} loses while the column's values are exchanged between rows, with 95 % intervals; n = ${counted(rows, "row")}, ${counted(repeats, "exchange")} each.`;
  const together = groups.map(({ columns: names, correlation, importance }) => [
    names.join(", "),
    shown(correlation),
    withInterval(importance),
  ]);
  return section(
    "What it goes by",
    figure(intervalPlot("importance", shownColumns, [0]), caption),
    together.length === 0
      ? nothing
      : table(["exchanged together", "largest |r|", "importance, 95 % interval"], together),
    ...dependence.map((each) => dependenceOf(each, dependenceRows)),
  );
};
