import type { ClassificationReport } from "../../../domain/models/report.ts";
import { api } from "../api.ts";
import { formatPercent } from "../format.ts";
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
                <td key={classes[column]?.label} class="number">
                  {count}
                </td>
              ))}
              <td class="number">{precision === null ? "–" : formatPercent(precision.value)}</td>
              <td class="number">{recall === null ? "–" : formatPercent(recall.value)}</td>
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
        Measured on the {value.rows} {value.rows === 1 ? "row" : "rows"} of the {value.split} split, with 95 %
        intervals. <a href={`/v1/models/${model}/report`}>All of it as JSON</a>
      </p>
      <Facts facts={factsOf(value)} />
      {value.notes.map(({ code, message }) => (
        <p key={code} class="small">
          <strong>{code.replaceAll("_", " ")}</strong>: {message}
        </p>
      ))}
      {value.task === "classification" && <Confusion report={value} />}
    </Card>
  );
};
