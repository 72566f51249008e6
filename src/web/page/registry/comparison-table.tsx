import type { ComparedModel, Comparison } from "../../../domain/models/comparison.ts";
import type { Estimate } from "../../../domain/models/estimate.ts";
import { api } from "../api.ts";
import { formatCount, formatNumber, formatPercent } from "../format.ts";
import { measureWords } from "../measure-words.ts";
import { Card } from "../parts.tsx";
import { NumberHeads, Scrolled } from "../scrolled.tsx";
import { SaveFile } from "../views/file-download.tsx";
import { trainedWords, verdictOf } from "./chosen.ts";
import { DriftCharts } from "./comparison-drift.tsx";

const interval = ({ value, lower, upper }: Estimate, format: (value: number) => string): string =>
  lower === null || upper === null ? format(value) : `${format(value)} (${format(lower)} to ${format(upper)})`;

interface Line {
  title: string;
  cell: (model: ComparedModel) => string | null;
}

const estimated = (title: string, of: (model: ComparedModel) => Estimate | null, format = formatNumber): Line => ({
  title,
  cell: (model) => {
    const estimate = of(model);
    return estimate && interval(estimate, format);
  },
});

const linesOf = (comparison: Comparison): readonly Line[] => [
  estimated(
    comparison.measure === "log_likelihood" ? "Log-likelihood of a row" : `Minus ${measureWords[comparison.measure]}`,
    (m) => m.measure,
  ),
  estimated("Accuracy", (m) => m.accuracy, formatPercent),
  estimated("Brier score", (m) => m.brier),
  estimated("Area under ROC", (m) => m.areaUnderRoc),
  {
    title: "Calibration error",
    cell: ({ calibrationError }) => (calibrationError === null ? null : formatNumber(calibrationError)),
  },
  estimated("Root mean squared error", (m) => m.rootMeanSquaredError),
  estimated("Mean absolute error", (m) => m.meanAbsoluteError),
  estimated("R²", (m) => m.r2),
  estimated("Bias", (m) => m.bias),
  { title: "Trained", cell: (model) => trainedWords(comparison, model) },
];

const nestedHeads = ["Training rows", "Statistic", "Degrees of freedom", "p"];

/** Tests of solved models of which one is nested in the other. */
const NestedTable = ({
  comparison: { nested },
  titles,
}: {
  comparison: Comparison;
  titles: ReadonlyMap<string, string>;
}) =>
  nested.length === 0 ? null : (
    <Scrolled label="Nested models">
      <table class="list">
        <caption>
          Is what the larger of two nested models has more worth it? By the rows that both were trained on
        </caption>
        <NumberHeads first="Smaller, in larger" numbers={nestedHeads} />
        <tbody>
          {nested.map(({ smaller, larger, rows, distribution, statistic, degrees, residualDegrees, pValue }) => (
            <tr key={`${smaller} ${larger}`}>
              <th scope="row">{`${titles.get(smaller) ?? smaller}, in ${titles.get(larger) ?? larger}`}</th>
              {[
                formatNumber(rows),
                `${distribution === "F" ? "F" : "χ²"} ${formatNumber(statistic)}`,
                residualDegrees === null ? String(degrees) : `${degrees}, ${residualDegrees}`,
                formatNumber(pValue),
              ].map((cell, i) => (
                <td key={nestedHeads[i]} data-label={nestedHeads[i]} class="number">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolled>
  );

/** How good the models are on the same rows, the best first, and whether they can be told apart. */
export const ComparisonTable = ({
  comparison,
  titles,
}: {
  comparison: Comparison;
  /** Of the models, by id. */
  titles: ReadonlyMap<string, string>;
}) => {
  const { models, rows, leftOut, notes, label, weight, heldOut } = comparison;
  const lines = linesOf(comparison).filter(({ cell }) => models.some((model) => cell(model) !== null));
  const unjudged = leftOut.unlabelled + leftOut.unknown + leftOut.weightless;
  return (
    <Card title="Comparison">
      <p class="answer">{verdictOf(comparison, titles)}</p>
      <p class="muted">
        On {formatCount(rows, "row")} of one data set
        {heldOut && ", held out from each of them that was trained on this file"}, by the column {label}
        {weight !== null && `, which count by ${weight}`}, with 95 % intervals
        {unjudged > 0 && `; ${formatCount(unjudged, "row")} could not be judged`}.
      </p>
      <table class="list compared">
        <thead>
          <tr>
            <th scope="col">Measure</th>
            {models.map(({ model }) => (
              <th key={model} scope="col" class="number">
                <a href={`#/models/${model}`}>{titles.get(model) ?? model}</a>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ title, cell }) => (
            <tr key={title}>
              <th scope="row">{title}</th>
              {models.map((model) => (
                <td key={model.model} class="number" data-label={titles.get(model.model)}>
                  {cell(model) ?? "–"}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {notes.map(({ code, message }) => (
        <p key={code} class="notice plain">
          {[...titles].reduce((text, [id, title]) => text.replaceAll(id, title), message)}
        </p>
      ))}
      <NestedTable comparison={comparison} titles={titles} />
      {models.map(
        ({ model, drift }) =>
          drift !== null &&
          drift.columns.length > 0 && <DriftCharts key={model} model={titles.get(model) ?? model} drift={drift} />,
      )}
      <SaveFile
        label="As a page to hand on (HTML)"
        name="comparison.html"
        read={() =>
          api.comparisonPage(
            models.map(({ model }) => model),
            comparison.dataset,
            comparison.heldOut ? "held_out" : "all",
          )
        }
      />
    </Card>
  );
};
