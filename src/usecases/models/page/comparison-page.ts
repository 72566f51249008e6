import type { ComparedModel, Comparison } from "../../../domain/models/comparison.ts";
import { measureWords } from "../../../domain/models/parts/measure-words.ts";
import { documentOf } from "./document.ts";
import { figure, type Html, html, nothing, section, shown, table, withInterval } from "./html.ts";
import { intervalPlot, linePlot } from "./plots.ts";

const wordsOf = (measure: Comparison["measure"]): string =>
  measure === "log_likelihood" ? measureWords[measure] : `${measureWords[measure]}, with a minus`;

/** Names may be alike: ids are not. */
const nameOf = ({ models }: Comparison, id: string): string => {
  const name = models.find(({ model }) => model === id)?.name ?? id;
  return models.filter((other) => other.name === name).length > 1 ? `${name}, ${id}` : name;
};

/** On what a model was trained, as far as it is known: files are told apart by their SHA-256, not row by row. */
const trainedWords = (
  { heldOut }: Pick<Comparison, "heldOut">,
  { trainedOnIt }: Pick<ComparedModel, "trainedOnIt">,
): string => {
  if (!trainedOnIt) return "on another file; not checked row by row";
  return heldOut ? "on other rows of this data set" : "on this data set";
};

type Figure = readonly [string, (model: ComparedModel) => string];

const figuresOf = ({ task }: Comparison): readonly Figure[] =>
  task === "classification"
    ? [
        ["accuracy", ({ accuracy }) => withInterval(accuracy)],
        ["Brier score", ({ brier }) => withInterval(brier)],
        ["area under the ROC curve", ({ areaUnderRoc }) => withInterval(areaUnderRoc)],
        ["calibration error", ({ calibrationError }) => (calibrationError === null ? "–" : shown(calibrationError))],
      ]
    : [
        ["root mean squared error", ({ rootMeanSquaredError }) => withInterval(rootMeanSquaredError)],
        ["mean absolute error", ({ meanAbsoluteError }) => withInterval(meanAbsoluteError)],
        ["R²", ({ r2 }) => withInterval(r2)],
        ["bias", ({ bias }) => withInterval(bias)],
      ];

const factsOf = ({ dataset, label, task, measure, rows, weight, by, heldOut, leftOut }: Comparison): Html =>
  table(
    ["", ""],
    [
      ["observations (rows) compared", rows],
      ["of the data set", dataset],
      ...(heldOut
        ? [
            [
              "which rows",
              `those held out from each model that was trained on this file; ${leftOut.learnt} are left out`,
            ] as const,
          ]
        : []),
      ...(by === null ? [] : [["one unit to every interval are the rows of one value of", by] as const]),
      ["response (label)", label],
      ["task", task],
      ["measure, the larger the better", wordsOf(measure)],
      ...(weight === null
        ? []
        : [["weights of the rows", `${weight}; ${leftOut.weightless} rows of weight 0 are left out`] as const]),
      ["left out: no label, a class that a model does not know", `${leftOut.unlabelled}, ${leftOut.unknown}`],
    ],
  );

const modelsSection = (comparison: Comparison): Html => {
  const { models, rows } = comparison;
  const figures = figuresOf(comparison);
  const plot = intervalPlot(
    "measures",
    models.map(({ model, measure }) => ({ name: nameOf(comparison, model), estimate: measure })),
  );
  const cells = models.map((model) => [
    ...[nameOf(comparison, model.model), model.group + 1, withInterval(model.measure)],
    ...figures.map(([, tell]) => tell(model)),
    trainedWords(comparison, model),
  ]);
  return section(
    "The models, the best first",
    figure(
      plot,
      `Mean ${wordsOf(comparison.measure)} with 95 % intervals; n = ${rows}. What they differ by is surer than these: see below.`,
    ),
    table(["model", "group", "measure", ...figures.map(([name]) => name), "trained"], cells),
  );
};

const differencesSection = (comparison: Comparison): Html => {
  const { differences, groups, rows } = comparison;
  if (differences.length === 0) return nothing;
  const pairs = differences.map(({ model, other, difference, tied }) => ({
    ...{ name: `${nameOf(comparison, model)} − ${nameOf(comparison, other)}`, estimate: difference, tied },
  }));
  return section(
    "Differences, pair by pair",
    figure(
      intervalPlot("differences", pairs, [0]),
      `What the better one's measure is better by, paired row by row, with 95 % intervals, each by itself; n = ${rows}. Where an interval holds 0 these rows cannot tell the two apart.`,
    ),
    table(
      ["pair", "difference", "can be told apart"],
      pairs.map(({ name, estimate, tied }) => [name, withInterval(estimate), tied ? "no" : "yes"]),
    ),
    html`<ol>${groups.map((group) => html`<li>${group.map((id) => nameOf(comparison, id)).join(", ")}</li>`)}</ol>`,
    html`<p class="muted">Groups: the best and those that cannot be told from it, then the best of the rest, …</p>`,
  );
};

const calibrationSection = (comparison: Comparison): Html => {
  const plots = comparison.models.flatMap(({ model, calibration }) => {
    if (calibration === null || calibration.length === 0) return [];
    const points = calibration.map(({ confidence, accuracy }) => [confidence, accuracy] as const);
    const axes = { x: "confidence", y: "share of right answers", xs: [0, 1], ys: [0, 1], diagonal: true };
    const name = nameOf(comparison, model);
    return [
      figure(
        linePlot(`calibration of ${name}`, [{ points, dots: true }], axes),
        `${name}: ${points.length} bins of equally many rows, n = ${comparison.rows}; on the line, probabilities are what they say.`,
      ),
    ];
  });
  return plots.length === 0 ? nothing : section("Calibration side by side", ...plots);
};

const mostDrifted = 20;

const driftSection = (comparison: Comparison): Html => {
  const number = (value: number | null): string => (value === null ? "–" : shown(value));
  const tables = comparison.models.flatMap(({ model, drift }) => {
    if (drift === null || drift.columns.length === 0) return [];
    const heads = [
      "column",
      "shift of the mean, standard deviations (95 % interval)",
      "standard deviation, ratio",
      "distance of the shares",
      "rows of unseen categories",
      "missing",
      "missing there",
    ];
    const rows = drift.columns
      .slice(0, mostDrifted)
      .map((one) => [
        ...[one.column, withInterval(one.shift), number(one.spread), number(one.distance), number(one.unseen)],
        ...[shown(one.missing), shown(one.missingThere)],
      ]);
    return [
      html`<p>${nameOf(comparison, model)}: n = ${drift.rows} rows here, ${drift.rowsThere} of ${drift.dataset}, which it was trained on; the farthest columns first.</p>${table(heads, rows)}`,
    ];
  });
  return tables.length === 0 ? nothing : section("Whether the columns are as they were", ...tables);
};

/** Whether what the larger of two nested models has more is worth it. */
const nestedSection = (comparison: Comparison): Html => {
  const { nested } = comparison;
  if (nested.length === 0) return nothing;
  const rows = nested.map((one) => [
    ...[nameOf(comparison, one.smaller), nameOf(comparison, one.larger), one.rows],
    `${one.distribution === "F" ? "F" : "χ²"} = ${shown(one.statistic)}`,
    ...[one.residualDegrees === null ? one.degrees : `${one.degrees}, ${one.residualDegrees}`, shown(one.pValue)],
  ]);
  return section(
    "Nested models",
    html`<p>Whether the coefficients (parameters, weights) that the larger of two solved models has more are worth it: χ² is twice the difference of the log-likelihoods, F what least squares lose over the variance. n is of the training rows, the same of both, not of the rows compared above.</p>`,
    table(["smaller", "larger", "n", "statistic", "degrees of freedom", "p, if what is left out has no effect"], rows),
  );
};

/** A comparison of models as a page to hand on. */
export const comparisonPage = (comparison: Comparison): string => {
  const { models, notes, label } = comparison;
  const title = models.length === 1 ? `${models[0]!.name} on other rows` : `${models.length} models beside each other`;
  const said = notes.length === 0 ? nothing : html`<ul>${notes.map(({ message }) => html`<li>${message}</li>`)}</ul>`;
  return documentOf(
    `${title}: ${label}`,
    html`<h1>${title}</h1>
${section("What was compared", factsOf(comparison), said)}
${modelsSection(comparison)}
${differencesSection(comparison)}
${nestedSection(comparison)}
${calibrationSection(comparison)}
${driftSection(comparison)}`,
  );
};
