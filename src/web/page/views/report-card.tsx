import type { Model } from "../../../domain/models/model.ts";
import type {
  ClassificationReport,
  ReconstructionReport,
  RegressionReport,
  Report,
} from "../../../domain/models/report.ts";
import { api } from "../api.ts";
import { LineChart } from "../charts/line-chart.tsx";
import { formatNumber } from "../format.ts";
import { Card, Facts, Failure } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { ClassificationCharts } from "../report/classification-charts.tsx";
import { ClusterCharts } from "../report/cluster-charts.tsx";
import { CoefficientChart, EffectCharts } from "../report/effect-charts.tsx";
import { parseHeldOut } from "../report/held-out.ts";
import { RegressionCharts } from "../report/regression-charts.tsx";
import { ResidualCharts } from "../report/residual-charts.tsx";
import { WorthCharts } from "../report/worth-charts.tsx";
import { WrongImages } from "../report/wrong-images.tsx";
import { NumberHeads, Scrolled } from "../scrolled.tsx";
import { FileDownload } from "./file-download.tsx";
import { factsOf } from "./report-facts.ts";

const mostCoefficients = 60;
const coefficientColumns = ["Estimate", "Standard error", "Lower", "Upper", "p"];

const Coefficients = ({ report: { coefficients } }: { report: ClassificationReport | RegressionReport }) => {
  if (coefficients === null || coefficients.length > mostCoefficients) return null;
  const show = (value: number | null): string => (value === null ? "–" : formatNumber(value));
  return (
    <Scrolled label="Coefficients">
      <table class="list">
        <caption>Coefficients, in the units of the data</caption>
        <NumberHeads first="Term" numbers={coefficientColumns} />
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
    </Scrolled>
  );
};

const labelOf = ({ task }: Model): string => ("label" in task ? task.label : "answer");

const Pictures = ({ model, report }: { model: Model; report: Report }) => {
  const { value } = usePoll(
    `held out ${model.id}`,
    async (signal) => (model.files?.heldOut === undefined ? [] : parseHeldOut(await api.heldOut(model.id, signal))),
    () => null,
  );
  const heldOut = value ?? [];
  const ofImages = model.preprocessing.features.some(({ type }) => type === "image");
  return (
    <>
      {report.task === "regression" && <RegressionCharts report={report} heldOut={heldOut} label={labelOf(model)} />}
      {report.task === "classification" && <ClassificationCharts report={report} />}
      {report.task === "classification" && ofImages && model.dataset !== null && heldOut.length > 0 && (
        <WrongImages dataset={model.dataset} heldOut={heldOut} />
      )}
    </>
  );
};

const Reconstructed = ({ quantiles }: ReconstructionReport) => (
  <div class="charts">
    <LineChart
      title="Quantiles of the rows' errors"
      described="Quantiles of the squared error of a row"
      x={{ title: "share of the rows below", including: [0, 1] }}
      y={{ title: "squared error of a row, standardised inputs", including: [0] }}
      lines={[{ name: "errors", as: "both", points: quantiles.map(({ share, value }) => [share, value] as const) }]}
      note="What lies above the last ones is unusual."
    />
  </div>
);

/** The statistician's report of a model; nothing where it has none, and why where it cannot be read. */
export const ReportCard = ({ model }: { model: Model }) => {
  const { value, failure, refresh } = usePoll(
    `report ${model.id}`,
    (signal) => api.report(model.id, signal),
    () => null,
  );
  if (value === null) {
    if (failure === null || failure.status === 404) return null;
    return (
      <Card title="Report">
        <Failure failure={failure} retry={refresh} />
      </Card>
    );
  }
  return (
    <Card
      title="Report"
      actions={
        <FileDownload
          label="All of it as JSON"
          path={`/v1/models/${model.id}/report`}
          name={`${model.id}.report.json`}
          read={async () => new Blob([JSON.stringify(value)], { type: "application/json" })}
        />
      }
    >
      <p class="muted">
        Measured on the {value.rows} {value.rows === 1 ? "row" : "rows"} of the{" "}
        {value.split === "out_of_fold" ? "cross-validation" : `${value.split} split`}, with 95 % intervals.
      </p>
      <Facts facts={factsOf(value)} />
      {value.notes.map(({ code, message }) => (
        <p key={code} class="small">
          <strong>{code.replaceAll("_", " ")}</strong>: {message}
        </p>
      ))}
      <Pictures model={model} report={value} />
      {(value.task === "clustering" || value.task === "density_estimation") && (
        <ClusterCharts model={model} report={value} />
      )}
      {value.task === "reconstruction" && <Reconstructed {...value} />}
      {(value.task === "classification" || value.task === "regression") && (
        <>
          <WorthCharts report={value} label={labelOf(model)} />
          <ResidualCharts residuals={value.residualsByFeature} label={labelOf(model)} />
          <EffectCharts explained={value.explained} label={labelOf(model)} />
          {value.coefficients !== null && <CoefficientChart coefficients={value.coefficients} />}
          <Coefficients report={value} />
        </>
      )}
    </Card>
  );
};
