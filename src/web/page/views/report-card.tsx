import type { ClassificationReport, RegressionReport } from "../../../domain/models/report.ts";
import { api } from "../api.ts";
import { formatNumber, formatPercent } from "../format.ts";
import { Card, Facts } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { factsOf } from "./report-facts.ts";

const Confusion = ({ report: { classes, confusion } }: { report: ClassificationReport }) => {
  if (confusion === null || classes.length > 20) return null;
  return (
    <div class="scroll">
      <table class="list">
        <caption class="muted small">Rows by class and by answer</caption>
        <thead>
          <tr>
            <th scope="col">Class</th>
            {classes.map(({ label }) => (
              <th key={label} scope="col" class="number">
                {label}
              </th>
            ))}
            <th scope="col" class="number">
              Precision
            </th>
            <th scope="col" class="number">
              Recall
            </th>
          </tr>
        </thead>
        <tbody>
          {classes.map(({ label, precision, recall }, row) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {confusion[row]?.map((count, column) => (
                <td key={classes[column]?.label} data-label={`as ${classes[column]?.label}`} class="number">
                  {count}
                </td>
              ))}
              <td data-label="Precision" class="number">
                {precision === null ? "–" : formatPercent(precision.value)}
              </td>
              <td data-label="Recall" class="number">
                {recall === null ? "–" : formatPercent(recall.value)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

const mostCoefficients = 60;
const coefficientColumns = ["Estimate", "Standard error", "Lower", "Upper", "p"];

const Coefficients = ({ report: { coefficients } }: { report: ClassificationReport | RegressionReport }) => {
  if (coefficients === null || coefficients.length > mostCoefficients) return null;
  const show = (value: number | null): string => (value === null ? "–" : formatNumber(value));
  return (
    <div class="scroll">
      <table class="list">
        <caption class="muted small">Coefficients, in the units of the data</caption>
        <thead>
          <tr>
            <th scope="col">Term</th>
            {coefficientColumns.map((name) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {coefficients.map(({ term, class: label, estimate, standardError, lower, upper, pValue }) => (
            <tr key={`${label} ${term}`}>
              <th scope="row">{label === undefined ? term : `${label}: ${term}`}</th>
              {[estimate, standardError, lower, upper, pValue].map((value, column) => (
                <td key={column} data-label={coefficientColumns[column]} class="number">
                  {show(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

const mostImportances = 30;
const importanceColumns = ["Importance", "Lower", "Upper"];

const Importances = ({ report: { explained } }: { report: ClassificationReport | RegressionReport }) => {
  if (explained === null) return null;
  const groups = explained.groups.map(({ columns, importance }) => ({ column: columns.join(" + "), importance }));
  const shown = [...groups, ...explained.columns].slice(0, mostImportances);
  const show = (value: number | null): string => (value === null ? "–" : formatNumber(value));
  return (
    <div class="scroll">
      <table class="list">
        <caption class="muted small">
          What a row's {explained.measure.replace("_", " ")} loses while a column is exchanged between rows
        </caption>
        <thead>
          <tr>
            <th scope="col">Column</th>
            {importanceColumns.map((name) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(({ column, importance: { value, lower, upper } }) => (
            <tr key={column}>
              <th scope="row">{column}</th>
              {[value, lower, upper].map((figure, place) => (
                <td key={place} data-label={importanceColumns[place]} class="number">
                  {show(figure)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

/** The statistician's report of a model; nothing where it has none. */
export const ReportCard = ({ model }: { model: string }) => {
  const { value } = usePoll(
    `report ${model}`,
    (signal) => api.report(model, signal),
    () => null,
  );
  if (value === null) return null;
  return (
    <Card title="Report">
      <p class="muted">
        Measured on the {value.rows} {value.rows === 1 ? "row" : "rows"} of the{" "}
        {value.split === "out_of_fold" ? "cross-validation" : `${value.split} split`}, with 95 % intervals.{" "}
        <a href={`/v1/models/${model}/report`}>All of it as JSON</a>
      </p>
      <Facts facts={factsOf(value)} />
      {value.notes.map(({ code, message }) => (
        <p key={code} class="small">
          <strong>{code.replaceAll("_", " ")}</strong>: {message}
        </p>
      ))}
      {value.task === "classification" && <Confusion report={value} />}
      {(value.task === "classification" || value.task === "regression") && <Coefficients report={value} />}
      {(value.task === "classification" || value.task === "regression") && <Importances report={value} />}
    </Card>
  );
};
